//! Users and groups are added and removed as busybox and Debian do it, and no file of theirs is lost.

use podlab_node::{ContainerConfig, ContainerId};

use super::lab::{Lab, idle};

async fn container(lab: &Lab, image: &str) -> ContainerId {
    lab.node.pull_image(image).await.unwrap();
    lab.container(ContainerConfig { image: image.to_owned(), ..idle() }).await
}

/// Runs a script; what it printed, errors behind the rest, and its exit code.
async fn run(lab: &Lab, id: &ContainerId, script: &str) -> String {
    let out = lab.sh(id, script).await;
    format!("{}{}[{}]\n", out.stdout, out.stderr, out.code)
}

#[tokio::test(start_paused = true)]
async fn busybox_adds_users_to_the_groups_that_they_belong_to() {
    let lab = Lab::new().await;
    let id = container(&lab, "alpine").await;
    let added = "addgroup -S app && adduser -S -G app app && adduser -D -u 1234 -g '' bob && adduser bob app; id app; id \
                 bob; grep -E '^(app|bob):' /etc/passwd /etc/group; ls -ld /home/bob";
    assert_eq!(
        run(&lab, &id, added).await,
        "uid=100(app) gid=101(app) groups=101(app),101(app)\n\
         uid=1234(bob) gid=1234(bob) groups=101(app),1234(bob)\n\
         /etc/passwd:app:x:100:101:Linux User,,,:/home/app:/sbin/nologin\n\
         /etc/passwd:bob:x:1234:1234::/home/bob:/bin/sh\n\
         /etc/group:app:x:101:app,bob\n\
         /etc/group:bob:x:1234:\n\
         drwxr-sr-x    2 bob      bob           4096 Mar  1 12:00 /home/bob\n[0]\n"
            .replace("101(app),101(app)", "101(app)")
            .replace("groups=101(app),1234(bob)", "groups=1234(bob),101(app)")
    );
    let removed =
        "deluser --remove-home bob; id bob; grep bob /etc/passwd /etc/group /etc/shadow; ls -d /home/bob";
    assert_eq!(
        run(&lab, &id, removed).await,
        "id: unknown user bob\nls: /home/bob: No such file or directory\n[1]\n"
    );
}

#[tokio::test(start_paused = true)]
async fn busybox_says_what_is_wrong_with_a_user_or_a_group() {
    let lab = Lab::new().await;
    let id = container(&lab, "alpine").await;
    for (script, told) in [
        ("adduser -D root", "adduser: user 'root' in use\n"),
        ("adduser -D -u 0 x", "adduser: uid '0' in use\n"),
        ("adduser -D -G nope x", "adduser: unknown group nope\n"),
        ("adduser -D 'a b'", "adduser: illegal character with code 32 at position 1\n"),
        ("adduser nope root", "adduser: unknown user nope\n"),
        ("addgroup root", "addgroup: group 'root' in use\n"),
        ("addgroup -g 0 x", "addgroup: gid '0' in use\n"),
        ("deluser nope", "deluser: unknown user nope\n"),
        ("delgroup nope", "delgroup: unknown group nope\n"),
        ("delgroup root", "delgroup: 'root' still has 'root' as their primary group!\n"),
    ] {
        assert_eq!(run(&lab, &id, script).await, format!("{told}[1]\n"), "{script}");
    }
    let refused =
        "su -s /bin/sh nobody -c 'adduser -D x; deluser root'; grep -c . /etc/passwd | grep -v '^0'";
    assert!(run(&lab, &id, refused).await.contains("adduser: permission denied (are you root?)\n"));
}

#[tokio::test(start_paused = true)]
async fn debian_adds_users_to_the_groups_that_they_belong_to() {
    let lab = Lab::new().await;
    let id = container(&lab, "debian").await;
    let added = "groupadd -g 2000 dev && useradd -m -G dev,adm -s /bin/bash ann && useradd -r daemon2 && usermod -aG dev \
                 daemon2; id ann; grep -E '^(ann|dev|adm|daemon2):' /etc/passwd /etc/group; ls -A /home/ann; stat -c \
                 '%U:%G %a' /home/ann /home/ann/.bashrc";
    assert_eq!(
        run(&lab, &id, added).await,
        "uid=1000(ann) gid=1000(ann) groups=1000(ann),4(adm),2000(dev)\n\
         /etc/passwd:ann:x:1000:1000::/home/ann:/bin/bash\n\
         /etc/passwd:daemon2:x:999:999::/home/daemon2:/bin/sh\n\
         /etc/group:adm:x:4:ann\n\
         /etc/group:dev:x:2000:ann,daemon2\n\
         /etc/group:ann:x:1000:\n\
         /etc/group:daemon2:x:999:\n\
         .bashrc\nann:ann 755\nann:ann 644\n[0]\n"
    );
    let removed = "userdel -r ann; id ann; grep ann: /etc/passwd /etc/group /etc/shadow; ls -d /home/ann; grep ^dev: /etc/group";
    assert_eq!(
        run(&lab, &id, removed).await,
        "dev:x:2000:daemon2\nuserdel: ann mail spool (/var/mail/ann) not found\nid: 'ann': no such user\n\
         ls: cannot access '/home/ann': No such file or directory\n[0]\n"
    );
}

#[tokio::test(start_paused = true)]
async fn debian_says_what_is_wrong_with_a_user_or_a_group() {
    let lab = Lab::new().await;
    let id = container(&lab, "debian").await;
    for (script, told) in [
        ("useradd root", "useradd: user 'root' already exists\n[9]\n"),
        ("useradd -u 0 x", "useradd: UID 0 is not unique\n[4]\n"),
        ("useradd -u y x", "useradd: invalid user ID 'y'\n[3]\n"),
        ("useradd -g nope x", "useradd: group 'nope' does not exist\n[6]\n"),
        (
            "useradd -G nope,none x",
            "useradd: group 'nope' does not exist\nuseradd: group 'none' does not exist\n[6]\n",
        ),
        ("groupadd root", "groupadd: group 'root' already exists\n[9]\n"),
        ("groupadd -f root", "[0]\n"),
        ("groupadd -g 0 x", "groupadd: GID '0' already exists\n[4]\n"),
        ("groupdel nope", "groupdel: group 'nope' does not exist\n[6]\n"),
        ("groupdel root", "groupdel: cannot remove the primary group of user 'root'\n[8]\n"),
        ("userdel nope", "userdel: user 'nope' does not exist\n[6]\n"),
        ("usermod -aG dev nope", "usermod: user 'nope' does not exist\n[6]\n"),
        ("usermod bin", "usermod: no changes\n[0]\n"),
        (
            "usermod -s /nope bin; grep ^bin: /etc/passwd | cut -d: -f7",
            "/nope\nusermod: Warning: missing or non-executable shell '/nope'\n[0]\n",
        ),
    ] {
        assert_eq!(run(&lab, &id, script).await, told, "{script}");
    }
    let refused = run(&lab, &id, "su -s /bin/sh nobody -c 'useradd x'").await;
    let told = "useradd: Permission denied.\nuseradd: cannot lock /etc/passwd; try again later.\n[1]\n";
    assert_eq!(refused, told);
}

#[tokio::test(start_paused = true)]
async fn a_file_of_accounts_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let lab = Lab::new().await;
    for (image, add, told) in [
        ("alpine", "adduser -D", "adduser: /etc/passwd: File too large\n"),
        ("debian", "useradd", "useradd: cannot open /etc/passwd\n"),
    ] {
        let id = container(&lab, image).await;
        // More than there may be of them, with the users that there were at the start.
        let filled = "head -c 1100000 /dev/zero | tr '\\0' x >> /etc/passwd; cksum /etc/passwd > /before";
        lab.sh(&id, filled).await;
        let out = lab.sh(&id, &format!("{add} eve; cksum /etc/passwd | cmp - /before && echo kept")).await;
        assert_eq!((out.stdout.as_str(), out.stderr.as_str()), ("kept\n", told), "{image}");
        let gone = format!("rm /etc/passwd; {add} -u 1500 eve 2> /dev/null; cut -d: -f1-4 /etc/passwd");
        assert_eq!(lab.sh(&id, &gone).await.stdout, "eve:x:1500:1500\n", "{image}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_leaves_the_accounts_as_they_were() {
    let lab = Lab::new().await;
    let id = container(&lab, "alpine").await;
    let out = lab.sh(&id, "cd /etc; before=$(cksum passwd); ln -s / passwd+; adduser -D eve; [ \"$before\" = \"$(cksum passwd)\" ]").await;
    assert_eq!((out.code, out.stderr.as_str()), (0, "adduser: /etc/passwd: Is a directory\n"));
}
