use super::*;

#[test]
fn an_address_and_its_spec_are_the_same() {
    let spec: SceneSpec =
        "synthetic:yard?seed=7&size=320x180&fps=10&seconds=20&codec=h265&gop=5&b=2&kbps=300"
            .parse()
            .unwrap();
    assert_eq!((spec.frames, spec.gop, spec.codec, spec.b_frames), (200, 5, Codec::H265, 2));
    assert_eq!(spec.to_string().parse::<SceneSpec>().unwrap(), spec);
    let short: SceneSpec = "synthetic:street".parse().unwrap();
    assert_eq!(short, SceneSpec::new(SceneKind::Street, 1));
    assert_eq!(short.duration_us(), 60_000_000);
}

#[test]
fn nonsense_is_refused_by_name() {
    for (address, word) in [
        ("file:street", "synthetic:"),
        ("synthetic:moon", "moon"),
        ("synthetic:street?size=641x360", "width"),
        ("synthetic:street?size=640", "640x360"),
        ("synthetic:street?fps=0", "fps"),
        ("synthetic:street?seconds=99999999", "frames"),
        ("synthetic:street?speed=3", "speed"),
        ("synthetic:street?codec=av1", "codec"),
        ("synthetic:street?seed=-1", "seed"),
    ] {
        let error = address.parse::<SceneSpec>().unwrap_err().to_string();
        assert!(error.contains(word), "{address}: {error}");
    }
}

#[test]
fn options_are_written_as_they_are_read() {
    for options in [
        "&weather=rain:80&night=0-100&wind=40&insects=2&headlights=1&flicker=30",
        "&night=day&leave=1&take=2&loiter=1&cross=1&against=1&ir=2.5+4,10+3",
        "&weather=snow:50&night=70&tamper=freeze@10+5,covered@20.125+0.5",
    ] {
        let address = format!("synthetic:street?seed=7{options}");
        let spec: SceneSpec = address.parse().unwrap();
        assert!(spec.to_string().ends_with(options), "{spec}");
        assert_eq!(spec.to_string().parse::<SceneSpec>().unwrap(), spec);
    }
    let plain: SceneSpec = "synthetic:street?weather=none&wind=0&night=0&tamper=".parse().unwrap();
    assert_eq!(plain, SceneSpec::new(SceneKind::Street, 1));
}

#[test]
fn options_outside_their_limits_are_refused_by_name() {
    for (options, word) in [
        ("weather=hail", "hail"),
        ("wind=101", "wind=101"),
        ("night=50-101", "night"),
        ("tamper=melt@1+2", "melt"),
        ("tamper=freeze@1", "START+SECONDS"),
        ("tamper=freeze@1+0", "START+SECONDS"),
        ("tamper=freeze@1+5,covered@5+2", "begins before"),
        ("tamper=freeze@58+5", "63000 ms"),
        ("ir=4294968+1", "START+SECONDS"),
        ("against=9", "from 0 to 8"),
    ] {
        let error = format!("synthetic:street?{options}").parse::<SceneSpec>().unwrap_err();
        assert!(error.to_string().contains(word), "{options}: {error}");
    }
    let inside = "synthetic:lobby?weather=rain".parse::<SceneSpec>().unwrap_err();
    assert!(inside.to_string().contains("indoors"));
}

#[test]
fn acts_need_time_and_place() {
    for (address, word) in [
        ("synthetic:street?seconds=59&leave=1", "60 s"),
        ("synthetic:street?seconds=29&cross=1", "30 s"),
        ("synthetic:park?against=1", "one-way"),
    ] {
        assert!(address.parse::<SceneSpec>().unwrap_err().to_string().contains(word), "{address}");
    }
}
