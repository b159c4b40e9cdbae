//! Apache's HTTP server.

use podlab_node::ContainerConfig;

use super::{
    lab::Lab,
    setting::{image, running},
};

#[tokio::test(start_paused = true)]
async fn apache_serves_its_page_and_logs_who_asked() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let id = lab.add(&pod, image("httpd:2.4")).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 3600")).await;
    lab.sleep(100).await;
    let answer = lab.run(&client, &["curl", "-si", "localhost"]).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\nDate: Sun, 01 Mar 2026 12:00:0"), "{answer}");
    assert!(
        answer.contains("\r\nServer: Apache/2.4.65 (Unix)\r\n")
            && answer.contains("\r\nContent-Length: 45\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\n<html><body><h1>It works!</h1></body></html>\n"), "{answer}");
    let missing = lab.run(&client, &["curl", "-s", "localhost/nope"]).await;
    assert!(
        missing.contains("<h1>Not Found</h1>\n<p>The requested URL was not found on this server.</p>"),
        "{missing}"
    );
    let log = lab.log(&id).await;
    assert!(
        log.contains(
            "AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using "
        ),
        "{log}"
    );
    assert!(
        log.contains("AH00489: Apache/2.4.65 (Unix) configured -- resuming normal operations\n"),
        "{log}"
    );
    assert!(log.contains("AH00094: Command line: 'httpd -D FOREGROUND'\n"), "{log}");
    assert!(log.contains(" - - [01/Mar/2026:12:00:01 +0000] \"GET /nope HTTP/1.1\" 404 196\n"), "{log}");
    // What is written into its directory is served.
    lab.run(&id, &["sh", "-c", "mkdir htdocs/sub; echo two > htdocs/sub/a.txt"]).await;
    assert_eq!(lab.run(&client, &["curl", "-s", "localhost/sub/a.txt"]).await, "two\n");
    assert!(lab.run(&client, &["curl", "-sL", "localhost/sub"]).await.contains("<h1>Index of /sub</h1>"));
    lab.node.stop_container(&id, std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(0));
    assert!(lab.log(&id).await.ends_with("AH00492: caught SIGWINCH, shutting down gracefully\n"));
}

#[tokio::test(start_paused = true)]
async fn apache_passes_requests_on_and_tells_hosts_apart() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let config = "ServerRoot /usr/local/apache2\nListen 8080\nServerName main\nLoadModule proxy_module modules/mod_proxy.so\n\
                  LoadModule proxy_http_module modules/mod_proxy_http.so\nErrorLog /proc/self/fd/2\n\
                  <VirtualHost *:8080>\n  ServerName first\n  ProxyPass /api http://localhost:5678/x\n  ProxyPass /gone http://localhost:9\n</VirtualHost>\n\
                  <VirtualHost *:8080>\n  ServerName second\n  DocumentRoot /srv\n  Header set X-Who second\n</VirtualHost>\n";
    let mounts = vec![lab.file("httpd.conf", config, "/usr/local/apache2/conf/httpd.conf")];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("httpd") }).await;
    let echo = ContainerConfig { args: vec!["-text=from behind".to_owned()], ..image("hashicorp/http-echo") };
    lab.add(&pod, echo).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 3600")).await;
    lab.sleep(100).await;
    assert_eq!(lab.run(&client, &["curl", "-s", "localhost:8080/api/y"]).await, "from behind\n");
    let broken = lab.run(&client, &["curl", "-s", "localhost:8080/gone"]).await;
    assert!(broken.contains("<title>503 Service Unavailable</title>"), "{broken}");
    assert!(lab.log(&id).await.contains(
        "(111)Connection refused: AH00957: http: attempt to connect to 127.0.0.1:9 (localhost:9) failed"
    ));
    let second = lab.run(&client, &["curl", "-si", "-H", "Host: second", "localhost:8080/"]).await;
    assert!(second.starts_with("HTTP/1.1 403 Forbidden") && second.contains("X-Who: second"), "{second}");
}

#[tokio::test(start_paused = true)]
async fn apache_names_the_line_that_is_wrong_and_the_port_that_is_taken() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let config = "Listen 80\nServerName x\nProxyPass / http://localhost:5000/\n";
    let mounts = vec![lab.file("httpd.conf", config, "/usr/local/apache2/conf/httpd.conf")];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("httpd") }).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(1));
    assert_eq!(
        lab.log(&id).await,
        "AH00526: Syntax error on line 3 of /usr/local/apache2/conf/httpd.conf:\nInvalid command 'ProxyPass', perhaps misspelled or defined by a module not included in the server configuration\n"
    );
    lab.add(&pod, image("nginx")).await;
    lab.sleep(100).await;
    let id = lab.add(&pod, image("httpd")).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(1));
    let log = lab.log(&id).await;
    assert!(
        log.ends_with("(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80\n(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:80\nno listening sockets available, shutting down\nAH00015: Unable to open logs\n"),
        "{log}"
    );
}

#[tokio::test(start_paused = true)]
async fn apache_wants_passwords_where_it_is_told_to() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let config = "Include conf/original/httpd.conf\nServerName main\n\
                  <Directory /usr/local/apache2/htdocs/staff>\n  AuthType Basic\n  AuthName \"Staff only\"\n  AuthUserFile /tmp/users\n  Require valid-user\n</Directory>\n\
                  <Location /boss>\n  AuthType Basic\n  AuthName Boss\n  AuthUserFile /tmp/users\n  Require user ann\n</Location>\n";
    let mounts = vec![lab.file("httpd.conf", config, "/usr/local/apache2/conf/httpd.conf")];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("httpd:2.4") }).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 3600")).await;
    lab.sleep(100).await;
    let script = "htpasswd -cb /tmp/users ann one; htpasswd -bB /tmp/users ben two; mkdir htdocs/staff htdocs/boss; \
                  echo in > htdocs/staff/a; echo boss > htdocs/boss/a";
    lab.run(&id, &["sh", "-c", script]).await;
    let ask = async |args: &str| lab.run(&client, &["sh", "-c", &format!("curl -s {args}")]).await;
    let refused = ask("-i localhost/staff/a").await;
    assert!(refused.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{refused}");
    assert!(refused.contains("\r\nWWW-Authenticate: Basic realm=\"Staff only\"\r\n"), "{refused}");
    assert!(refused.contains("<p>This server could not verify that you\nare authorized"), "{refused}");
    assert_eq!(ask("-u ann:one localhost/staff/a").await, "in\n");
    assert_eq!(ask("-u ben:two localhost/staff/a").await, "in\n");
    let code = "-o /dev/null -w '%{http_code}'";
    assert_eq!(ask(&format!("{code} -u ann:two localhost/staff/a")).await, "401");
    assert_eq!(ask("-u ann:one localhost/boss/a").await, "boss\n");
    assert_eq!(ask(&format!("{code} -u ben:two localhost/boss/a")).await, "401");
    let log = lab.log(&id).await;
    assert!(
        log.contains("AH01617: user ann: authentication failure for \"/staff/a\": Password Mismatch\n"),
        "{log}"
    );
    assert!(
        log.contains(" - ann [01/Mar/2026:12:00:") && log.contains("\"GET /staff/a HTTP/1.1\" 200 3\n"),
        "{log}"
    );
}

#[tokio::test(start_paused = true)]
async fn apache_rewrites_what_is_asked_for() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let config = "Include conf/original/httpd.conf\nServerName main\nLoadModule rewrite_module modules/mod_rewrite.so\n\
                  LoadModule proxy_module modules/mod_proxy.so\nLoadModule proxy_http_module modules/mod_proxy_http.so\n\
                  RewriteEngine On\nRewriteRule ^/old/(.*)$ /new/$1 [R=301,L]\nRewriteRule ^/secret - [F]\n\
                  RewriteCond %{HTTP_USER_AGENT} ^bot [NC,OR]\nRewriteCond %{QUERY_STRING} (^|&)who=(bot)\nRewriteRule ^/$ /bots-%2.txt [L]\n\
                  RewriteRule ^/api/(.*)$ http://localhost:5678/$1 [P]\n\
                  <Directory /usr/local/apache2/htdocs/app>\n  AllowOverride All\n</Directory>\n";
    let growing = "RewriteRule ^/grow(.*)$ /grow$1$1$1$1\n".repeat(40);
    let mounts =
        vec![lab.file("httpd.conf", &format!("{config}{growing}"), "/usr/local/apache2/conf/httpd.conf")];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("httpd:2.4") }).await;
    let args = vec!["-text=from the api".to_owned()];
    lab.add(&pod, ContainerConfig { args, ..image("hashicorp/http-echo") }).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 3600")).await;
    lab.sleep(100).await;
    // A front controller: what is no file goes to one.
    let htaccess = "RewriteEngine On\\nRewriteBase /app/\\nRewriteRule ^index\\\\.html$ - [L]\\nRewriteCond %%{REQUEST_FILENAME} !-f\\n\
                    RewriteCond %%{REQUEST_FILENAME} !-d\\nRewriteRule . index.html [L]\\nHeader set X-From htaccess\\n";
    let script = format!(
        "cd htdocs; echo bots > bots-bot.txt; echo bots > bots-.txt; mkdir app app/sub loop; echo front > app/index.html; echo file > app/file; \
         printf '{htaccess}' > app/.htaccess; echo 'Deny nonsense here' > loop/.htaccess"
    );
    lab.run(&id, &["sh", "-c", &script]).await;
    let ask = async |args: &str| lab.run(&client, &["sh", "-c", &format!("curl -s {args}")]).await;
    let shown = "-o /dev/null -w '%{http_code} %{redirect_url}'";
    assert_eq!(ask(&format!("{shown} 'localhost/old/a?b=c'")).await, "301 http://localhost/new/a?b=c");
    assert_eq!(ask(&format!("{shown} localhost/secret/x")).await, "403 ");
    assert_eq!(ask("'localhost/?who=bot'").await, "bots\n");
    assert_eq!(ask("-A Bot/1 localhost/").await, "bots\n");
    assert!(ask("localhost/").await.contains("It works!"));
    assert_eq!(ask("localhost/api/x").await, "from the api\n");
    assert_eq!(
        ask(&format!("{shown} localhost/growing")).await,
        "500 ",
        "what would grow without end is given up"
    );
    assert_eq!(ask("localhost/app/some/route").await, "front\n");
    assert_eq!(ask("localhost/app/file").await, "file\n");
    assert!(ask("-i localhost/app/other").await.contains("\r\nX-From: htaccess\r\n"));
    assert_eq!(ask(&format!("{shown} localhost/app/.htaccess")).await, "403 ");
    // Where nothing is allowed to be overridden nobody reads the file.
    assert_eq!(ask(&format!("{shown} localhost/loop/x")).await, "404 ");
    lab.run(&id, &["sh", "-c", "echo NoSuchThing >> htdocs/app/.htaccess"]).await;
    assert_eq!(ask(&format!("{shown} localhost/app/file")).await, "500 ");
    let log = lab.log(&id).await;
    assert!(
        log.contains("[core:alert]")
            && log.contains("/htdocs/app/.htaccess: Invalid command 'NoSuchThing', perhaps misspelled"),
        "{log}"
    );
}
