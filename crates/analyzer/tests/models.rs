//! Learned models in a session: swapped without losing a frame, refused in words, restored.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{Made, at, camera, packets};
use flumen_analyzer::{Analyzer, Models, Named, Session, Settings};
use flumen_base::wire::{
    self, ActiveModel, Camera, Codec, Event, FrameResult, ModelCard, Phase, Reject, Rule, RuleKind,
    Source, model_card, source::Role,
};
use flumen_base::{Packet, topic};
use prost::Message;

const MADE: Made = Made { codec: Codec::H264, frames: 120, gop: 12, b_frames: 0 };

/// A profile of a camera on which nothing ever was in sight.
fn card(version: u64, effective_us: i64) -> ModelCard {
    let threshold = model_card::Threshold { dimension: "time".into(), score: 100.0 };
    let normal = model_card::Normal {
        camera: "yard".into(),
        thresholds: vec![threshold],
        ..Default::default()
    };
    ModelCard {
        scope: "yard".into(),
        kind: "profile".into(),
        version,
        lineage: "a".into(),
        schema: 1,
        effective_us,
        normals: vec![normal],
        parameters: Some(model_card::Parameters::Profile(wire::Profile {
            hour_seen: vec![1000.0; 168],
            hour_active: vec![0.0; 168],
            cells: vec![0.0; 48],
            ways: vec![0.0; 96],
            crowds: vec![10.0; 192],
            dwells: vec![10.0; 12],
        })),
        ..ModelCard::default()
    }
}

/// The table as a host reads it.
#[derive(Default)]
struct Host {
    models: Arc<Models>,
    next: u64,
}

impl Host {
    fn put(&mut self, key: &str, value: &impl Message) -> Option<Reject> {
        self.next += 1;
        let told = self.models.put(key.as_bytes(), self.next, Some(&value.encode_to_vec()), 7)?;
        assert_eq!((told.topic, told.timestamp_us), (topic::REJECTS, 7));
        Some(Reject::decode(told.value).unwrap())
    }

    fn card(&mut self, card: &ModelCard) -> Option<Reject> {
        let key = format!("{}/{}/{}", card.scope, card.kind, card.version);
        self.put(&key, card)
    }

    fn session(&self) -> Session {
        let mut session = Session::open(&camera(), None);
        session.follow_models(self.models.clone());
        session
    }
}

fn give(session: &mut Session, packets: &[Packet], range: std::ops::Range<usize>) -> Vec<Named> {
    let mut out = Vec::new();
    for i in range {
        let p = &packets[i];
        session.process(at(i), p.header.clone(), p.data.clone(), &mut out);
    }
    out
}

fn of<M: Message + Default>(out: &[Named], topic: &str) -> Vec<M> {
    let found = out.iter().filter(|n| n.topic == topic);
    found.map(|n| M::decode(n.value.clone()).unwrap()).collect()
}

fn odd(out: &[Named]) -> Vec<Event> {
    of::<Event>(out, topic::EVENTS).into_iter().filter(|e| e.kind == "anomaly").collect()
}

fn versions(out: &[Named]) -> Vec<u64> {
    of::<FrameResult>(out, topic::FRAMES).iter().map(|f| f.model_version).collect()
}

#[test]
fn a_swap_loses_no_frame_and_counts_from_its_unit_on() {
    let packets = packets(MADE, 1);
    let mut host = Host::default();
    host.card(&card(5, 0));
    let mut session = host.session();
    let mut out = give(&mut session, &packets, 0..20);
    host.card(&card(6, packets[47].header.arrival_us - 1000));
    out.extend(give(&mut session, &packets, 20..120));
    let expected: Vec<u64> = (0..120).map(|i| if i < 47 { 5 } else { 6 }).collect();
    assert_eq!(versions(&out), expected);
    let without = give(&mut Session::open(&camera(), None), &packets, 0..120);
    let frames = |out: &[Named]| -> Vec<FrameResult> {
        let all = of::<FrameResult>(out, topic::FRAMES).into_iter();
        all.map(|f| FrameResult { model_version: 0, ..f }).collect()
    };
    assert_eq!(frames(&out), frames(&without), "all else is as without models");
}

#[test]
fn an_anomaly_is_told_in_words_with_a_picture_and_ends_with_the_stream() {
    let mut packets = packets(MADE, 1);
    packets.push(common::marker(&packets, wire::Marker::EndOfStream));
    let mut host = Host::default();
    host.card(&card(5, 0));
    let out = give(&mut host.session(), &packets, 0..121);
    let told = odd(&out);
    let turns: Vec<_> = told.iter().map(|e| (e.phase(), e.revision, e.picture)).collect();
    assert_eq!(turns, [(Phase::Begin, 0, false), (Phase::Update, 1, true), (Phase::End, 2, false)]);
    let begin = &told[0];
    assert!(begin.detail.contains("of the minutes at this hour"), "{}", begin.detail);
    let oddity = &begin.oddities[0];
    assert_eq!((oddity.dimension.as_str(), oddity.version), ("time", 5));
    assert!(begin.begin_us >= packets[0].header.capture_us && begin.end_us > begin.begin_us);
    assert!((500..=1000).contains(&begin.score) && !begin.muted && begin.rule.is_empty());
    assert!(told.iter().all(|e| e.id == begin.id && e.id.len() == 16));
    let pictures = of::<wire::Picture>(&out, topic::PICTURES);
    assert!(pictures.iter().any(|p| p.event_id == begin.id && p.revision == 1));
}

#[test]
fn a_rule_of_its_kind_only_names_who_is_told() {
    let packets = packets(MADE, 1);
    let role = Some(Role { analyse: true, ..Role::default() });
    let rule =
        Rule { id: "odd".into(), kind: RuleKind::Anomaly.into(), muted: true, ..Rule::default() };
    let record = Camera {
        id: "yard".into(),
        enabled: true,
        version: 1,
        sources: vec![Source { role, ..Source::default() }],
        rules: vec![rule],
        ..Camera::default()
    };
    let mut host = Host::default();
    host.card(&card(5, 0));
    let mut session = Session::open(&camera(), Some(&record));
    session.follow_models(host.models.clone());
    let told = odd(&give(&mut session, &packets, 0..120));
    assert!(!told.is_empty() && told.iter().all(|e| e.muted && e.rule == "odd"), "{told:?}");
}

#[test]
fn bad_cards_are_refused_in_words_and_the_old_one_stays() {
    let packets = packets(MADE, 1);
    let mut host = Host::default();
    assert_eq!(host.card(&card(5, 0)), None);
    let golden = |score| model_card::Golden {
        minute: Some(wire::Minute { hour_of_week: 3, ..Default::default() }),
        scores: vec![0.0, 0.0, 0.0, score, 0.0],
        ..Default::default()
    };
    assert_eq!(host.card(&ModelCard { golden: vec![golden(0.0)], ..card(6, 0) }), None);
    let mut nan = card(9, 0);
    nan.normals[0].thresholds[0].score = f64::NAN;
    let bad = [
        (ModelCard { golden: vec![golden(0.1)], ..card(7, 0) }, "golden vector 0"),
        (ModelCard { schema: 2, ..card(8, 0) }, "schema 2"),
        (nan, "do not fit"),
        (ModelCard { trainer: "x".repeat(100 << 20), ..card(10, 0) }, "bytes, at most"),
        (card(4, 0), "a newer version"),
        (ModelCard { kind: "tea-leaves".into(), ..card(11, 0) }, "do not fit its kind"),
        (ModelCard { parameters: None, ..card(12, 0) }, "do not fit its kind"),
    ];
    for (card, why) in &bad {
        let told = host.card(card).unwrap();
        assert!(told.reason.contains(why), "{}", told.reason);
        assert_eq!((told.topic.as_str(), told.camera.as_str()), (topic::MODELS, "yard"));
    }
    let key = host.put("yard/profile/13", &card(14, 0)).unwrap();
    assert!(key.reason.contains("the card says yard/profile/14"), "{}", key.reason);
    assert!(host.put("yard", &card(15, 0)).unwrap().reason.contains("no key of a model"));
    let damaged = host.models.put(b"yard/profile/16", 99, Some(b"\xff\xff"), 0).unwrap();
    assert_eq!(flumen_analyzer::id_of(topic::REJECTS, &damaged.value).unwrap(), damaged.id());
    let out = give(&mut host.session(), &packets, 0..30);
    assert!(versions(&out).iter().all(|v| *v == 6));
}

#[test]
fn a_person_rolls_back_to_a_version_that_is_there() {
    let packets = packets(MADE, 1);
    let mut host = Host::default();
    host.card(&card(5, 0));
    host.card(&card(6, 0));
    let word = |version, unit: usize| ActiveModel {
        scope: "yard".into(),
        kind: "profile".into(),
        version,
        effective_us: packets[unit].header.arrival_us,
        ..ActiveModel::default()
    };
    let mut session = host.session();
    let mut out = give(&mut session, &packets, 0..10);
    assert_eq!(host.put("yard/profile/active", &word(5, 30)), None);
    let refused = host.put("yard/profile/active", &word(77, 31)).unwrap();
    assert!(refused.reason.contains("no such card"), "{}", refused.reason);
    out.extend(give(&mut session, &packets, 10..40));
    host.card(&card(7, 0));
    out.extend(give(&mut session, &packets, 40..60));
    assert_eq!(host.put("yard/profile/active", &word(0, 70)), None);
    out.extend(give(&mut session, &packets, 60..80));
    let expected: Vec<u64> = (0..80)
        .map(|i| match i {
            0..30 => 6,
            30..70 => 5,
            _ => 7,
        })
        .collect();
    assert_eq!(versions(&out), expected);
}

#[test]
fn a_version_that_a_person_names_outlives_its_trainers_care() {
    let packets = packets(MADE, 1);
    let mut host = Host::default();
    host.card(&card(6, 0));
    let word = ActiveModel {
        scope: "yard".into(),
        kind: "profile".into(),
        version: 5,
        cards: vec![card(5, 0)],
        ..ActiveModel::default()
    };
    assert_eq!(host.put("yard/profile/active", &word), None);
    assert!(versions(&give(&mut host.session(), &packets, 0..20)).iter().all(|v| *v == 5));
    let of_another = ModelCard { kind: "kmeans".into(), ..card(5, 0) };
    let word = ActiveModel { cards: vec![of_another], ..word };
    let refused = host.put("yard/profile/active", &word).unwrap();
    assert!(refused.reason.contains("of another model"), "{}", refused.reason);
}

#[test]
fn restored_after_every_record_it_tells_the_same() {
    for b_frames in [0, 3] {
        let packets = packets(Made { b_frames, ..MADE }, 1);
        let mut host = Host::default();
        host.card(&card(5, 0));
        for version in 6..15 {
            host.card(&card(version, packets[(version as usize - 4) * 11].header.arrival_us));
        }
        let expected = give(&mut host.session(), &packets, 0..120);
        assert!(odd(&expected).len() >= 2, "an anomaly is cut by restores");
        assert_eq!(versions(&expected).last(), Some(&14));
        let mut session = host.session();
        let mut out = Vec::new();
        for i in 0..packets.len() {
            session = Session::restore(&camera(), &session.snapshot().unwrap()).unwrap();
            session.follow_models(host.models.clone());
            out.extend(give(&mut session, &packets, i..i + 1));
        }
        assert!(out == expected, "{b_frames} B frames");
    }
}

#[test]
fn a_state_without_models_is_as_it_was_before_there_were_any() {
    let packets = packets(MADE, 1);
    let mut with = Analyzer::open(&camera(), Settings::default()).unwrap();
    let mut without = Analyzer::open(&camera(), Settings::default()).unwrap();
    with.install(&card(1, i64::MAX)).unwrap();
    for (i, p) in packets.iter().enumerate().take(40) {
        with.process(at(i), p, &mut Vec::new()).unwrap();
        without.process(at(i), p, &mut Vec::new()).unwrap();
    }
    let (with, without) = (with.snapshot().unwrap(), without.snapshot().unwrap());
    assert!(with.starts_with(&without), "the models stand behind all else");
    // Cards of a scorer of another layout: it begins anew alone.
    let mut other = with.clone();
    assert!(Analyzer::restore(&camera(), Settings::default(), &other).is_ok());
    let gate = u64::from_le_bytes(with[without.len() + 4..without.len() + 12].try_into().unwrap());
    let models = without.len() + 12 + gate as usize;
    other[models] = 99;
    let restored = Analyzer::restore(&camera(), Settings::default(), &other).unwrap();
    assert!(restored.begun_anew().unwrap().contains("models begin anew"));
}

#[test]
fn a_camera_that_changes_its_group_changes_its_models() {
    let packets = packets(MADE, 1);
    let role = Some(Role { analyse: true, ..Role::default() });
    let record = |version, group: &str, effective_us| Camera {
        id: "yard".into(),
        enabled: true,
        version,
        effective_us,
        group: group.into(),
        sources: vec![Source { role, ..Source::default() }],
        ..Camera::default()
    };
    let of_group = |scope: &str, version| ModelCard {
        scope: scope.into(),
        kind: "kmeans".into(),
        parameters: Some(model_card::Parameters::Clusters(wire::Clusters {
            centres: vec![0.0; 12],
            weights: vec![1.0],
        })),
        ..card(version, 0)
    };
    let mut host = Host::default();
    assert_eq!(host.card(&of_group("group:site", 3)), None);
    assert_eq!(host.card(&of_group("group:hall", 4)), None);
    let mut session = Session::open(&camera(), Some(&record(1, "", 0)));
    session.follow_models(host.models.clone());
    session.card(&record(2, "hall", packets[30].header.arrival_us));
    let seen = versions(&give(&mut session, &packets, 0..60));
    assert_eq!(seen, (0..60).map(|i| if i < 30 { 3 } else { 4 }).collect::<Vec<_>>());
}

#[test]
fn an_hour_of_a_model_beside_is_an_insight_also_over_a_restart() {
    let mut packets = packets(Made { frames: 180, ..MADE }, 1);
    // They begin at half past; now a minute before the hour, then in each minute after it.
    for (i, packet) in packets.iter_mut().enumerate() {
        let minutes = 29 + i64::from(i >= 120) + i64::from(i >= 150);
        let header = &mut packet.header;
        for at_us in [&mut header.pts_us, &mut header.dts_us] {
            *at_us += minutes * 60_000_000;
        }
        header.capture_us += minutes * 60_000_000;
        header.arrival_us += minutes * 60_000_000;
    }
    let mut host = Host::default();
    host.card(&card(5, 0));
    let mut usual = card(6, 0);
    if let Some(model_card::Parameters::Profile(profile)) = &mut usual.parameters {
        profile.hour_active = vec![900.0; 168];
        profile.cells = vec![100_000.0; 48];
    }
    host.card(&usual);
    let word = ActiveModel {
        scope: "yard".into(),
        kind: "profile".into(),
        version: 5,
        shadow: 6,
        ..ActiveModel::default()
    };
    host.put("yard/profile/active", &word);
    let mut first = host.session();
    let mut out = give(&mut first, &packets, 0..140);
    let mut second = Session::restore(&camera(), &first.snapshot().unwrap()).unwrap();
    second.follow_models(host.models.clone());
    out.extend(give(&mut second, &packets, 140..180));
    let told: Vec<wire::Insight> = of(&out, topic::INSIGHTS);
    let [told] = told.as_slice() else { panic!("one hour has ended: {told:?}") };
    assert_eq!(
        (told.kind(), told.dimension.as_str()),
        (wire::InsightKind::Shadow, "yard/profile/6/5")
    );
    let of = told.shadow.as_ref().unwrap();
    assert_eq!((of.scored, of.odd, of.live_odd), (1 << 59, 0, 1 << 59));
    assert_eq!((told.end_us - told.begin_us, told.end_us % 3_600_000_000), (60_000_000, 0));
    assert_eq!(told.text, "0 of 1 minutes odd, 1 to the version that counts");
}
