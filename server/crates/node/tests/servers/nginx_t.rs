//! `nginx -t` on configurations of all kinds, right and wrong, against what nginx 1.22.1 says of them
//! (`configurations/NAME.conf` and `.txt`).

use super::{lab::Lab, setting::running};

#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "the cases are files")]
async fn configurations_are_judged_as_nginx_judges_them() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/configurations");
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let id = lab.add(&pod, running("nginx:1.27", "sleep 36000")).await;
    let mut wrong = Vec::new();
    let mut cases = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "conf") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        let written = lab.sh_with(&id, "cat > /tmp/nginx.conf", &text).await;
        assert_eq!(written.code, 0, "{}", written.stderr);
        // What also went to the log of errors, which is standard error here, begins with a date.
        let output = lab.exec(&id, &["nginx", "-t", "-c", "/tmp/nginx.conf"]).await.unwrap();
        let said: String = output
            .stderr
            .lines()
            .filter(|line| line.starts_with("nginx:"))
            .map(|line| format!("{line}\n"))
            .collect();
        let seen = format!("{said}exit {}\n", output.code);
        cases += 1;
        if seen != expected {
            wrong.push(format!("{}\nexpected:\n{expected}seen:\n{seen}", path.display()));
        }
    }
    assert!(cases > 50, "{cases}");
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
}
