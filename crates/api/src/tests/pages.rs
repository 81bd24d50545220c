//! The pages, or word that they are missing.

use super::site::Site;

#[tokio::test]
async fn pages_and_nothing_else_look_like_pages() {
    let site = Site::start().await;
    for path in ["/", "/camera/yard", "/events", "/system", "/cameras/new"] {
        let got = site.get(path).await;
        assert_eq!(got.status, 200, "{path}");
        assert_eq!(got.headers["content-type"], "text/html; charset=utf-8");
    }
    for path in
        ["/api/v1/nothing", "/api", "/app.js.nothing", "/../../etc/passwd.x", "/%2e%2e/x.toml"]
    {
        let got = site.get(path).await;
        assert_eq!(got.status, 404, "{path}");
        got.problem();
    }
    for (method, path) in [("POST", "/"), ("PATCH", "/api/v1/cameras"), ("DELETE", "/metrics")] {
        let got = site.ask(method, path, &serde_json::Value::Null).await;
        assert_eq!(got.status, 405, "{method} {path}");
        got.problem();
    }
}
