//! What every route refuses, taken from the description of the API.

use std::net::Ipv4Addr;

use flumen_base::Kind;
use serde_json::Value;

use super::site::Site;
use crate::ApiConfig;

fn routes() -> Vec<(String, String)> {
    let all: Value = serde_json::from_str(&crate::openapi()).unwrap();
    let mut out = vec![("GET".into(), "/".into()), ("GET".into(), "/events".into())];
    for (path, methods) in all["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "yard").replace("{camera}", "yard");
        for method in methods.as_object().unwrap().keys() {
            out.push((method.to_uppercase(), path.clone()));
        }
    }
    out
}

#[tokio::test]
async fn no_route_answers_under_another_name_or_to_another_origin() {
    let site = Site::start().await;
    let port = site.at.port();
    let ours = format!("Host: 127.0.0.1:{port}");
    let bad = [
        format!("Host: evil.example:{port}"),
        format!("Host: evil.example:{port}\r\nOrigin: http://evil.example:{port}"),
        "Host: localhost:1".to_owned(),
        "Host: localhost".to_owned(),
        "X-Host: none".to_owned(),
        format!("{ours}\r\n{ours}"),
        format!("{ours}\r\nOrigin: http://evil.example"),
        format!("{ours}\r\nOrigin: null"),
        format!("{ours}\r\nOrigin: http://127.0.0.1:1"),
        format!("{ours}\r\nOrigin: https://127.0.0.1:{port}"),
        format!("{ours}\r\nOrigin: http://localhost:{port}"),
    ];
    let routes = routes();
    assert!(routes.len() >= 20, "{routes:?}");
    for (method, path) in &routes {
        for host in &bad {
            let got = site.raw(&format!("{method} {path} HTTP/1.1\r\n{host}"), b"").await;
            assert!((400..500).contains(&got.status), "{method} {path} {host}: {got:?}");
            got.problem();
        }
    }
    let far = format!("GET http://evil.example:{port}/api/v1/cameras HTTP/1.1\r\n{ours}");
    assert_eq!(site.raw(&far, b"").await.status, 403);
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let fine = format!("Host: {host}:{port}\r\nOrigin: http://{host}:{port}");
        let got = site.raw(&format!("GET /api/v1/cameras HTTP/1.1\r\n{fine}"), b"").await;
        assert_eq!(got.status, 200);
    }
}

#[tokio::test]
async fn every_described_route_is_there() {
    let site = Site::start().await;
    for (method, path) in routes() {
        let got = site.ask(&method, &path, &Value::Null).await;
        assert_ne!(got.status, 405, "{method} {path}");
        if got.status >= 400 {
            assert!(!got.problem().contains("no such address"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_answer_is_guarded() {
    let site = Site::start().await;
    for path in ["/", "/api/v1/cameras", "/api/v1/none", "/healthz"] {
        let headers = site.get(path).await.headers;
        let csp = &headers["content-security-policy"];
        assert!(csp.contains("default-src 'none'") && !csp.contains("unsafe"), "{csp}");
        assert!(csp.contains(&format!("connect-src 'self' ws://{};", site.host())), "{csp}");
        assert!(csp.contains("media-src 'self' blob:"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
        assert!(headers.contains_key("cache-control"));
    }
}

#[tokio::test]
async fn others_can_not_reach_it_and_a_taken_port_is_told() {
    let site = Site::start().await;
    let again = ApiConfig::at((Ipv4Addr::LOCALHOST, site.at.port()).into());
    let face = crate::Face::new(
        site.bus.clone(),
        site.fakes.clone(),
        site.fakes.clone(),
        site.fakes.clone(),
    );
    let told = crate::serve(face.clone(), again, |_| (), async {}).await.unwrap_err();
    assert_eq!(told.kind(), Kind::Unavailable);
    assert!(told.message().contains("api.listen"), "{told}");
    let open = ApiConfig::at((Ipv4Addr::UNSPECIFIED, 0).into());
    let told = crate::serve(face, open, |_| (), async {}).await.unwrap_err();
    assert_eq!(told.kind(), Kind::Unsupported);
}
