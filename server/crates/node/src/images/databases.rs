//! `postgres` and `mysql`, as far as readiness goes (see `servers::databases`).

use super::{
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::{errno::Libc, signal::Signal},
};

pub(super) const POSTGRES: Family =
    Family { repositories: &["postgres", "bitnami/postgresql"], recipe: postgres };
pub(super) const MYSQL: Family = Family { repositories: &["mysql"], recipe: mysql };

pub(super) const MARIADB: Family = Family { repositories: &["mariadb", "bitnami/mariadb"], recipe: mariadb };

fn postgres(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(&[
        "17.6", "17.2", "16.10", "16.4", "16.1", "15.14", "15.4", "14.19", "14.5", "13.22", "13.4", "12.22",
        "12.2", "11.16", "10.23", "10.4", "9.6.24",
    ])?;
    let account = debian::Account {
        name: "postgres",
        id: 999,
        comment: "",
        home: "/var/lib/postgresql",
        shell: "/bin/bash",
    };
    let mut tree = debian::tree(debian::newest(), &[account], &[]);
    let bin = format!("/usr/lib/postgresql/{}/bin", version.split('.').next().unwrap_or("17"));
    tree.program(&format!("{bin}/postgres"), "postgres", 9_800_000)
        .program(&format!("{bin}/pg_isready"), "pg_isready", 92_000)
        .link("/usr/bin/pg_isready", &format!("{bin}/pg_isready"))
        .link("/usr/local/bin/postgres", &format!("{bin}/postgres"))
        .dir_of("/var/lib/postgresql", 0o755, 999, 999)
        .dir_of("/var/lib/postgresql/data", 0o1777, 999, 999)
        .file("/usr/local/bin/docker-entrypoint.sh", 0o755, "#!/bin/bash\n# Options are for the server.\nset -e\ncase \"$1\" in\n-*) set -- postgres \"$@\" ;;\nesac\nexec \"$@\"\n")
        .dirs(&["/docker-entrypoint-initdb.d", "/var/run/postgresql"]);
    let mut recipe = plain_recipe(tree, Libc::Glibc, version.to_owned(), 157_286_400);
    recipe.env = variables(&[
        ("PG_MAJOR", version.split('.').next().unwrap_or("17")),
        ("PG_VERSION", version),
        ("PGDATA", "/var/lib/postgresql/data"),
    ]);
    recipe.entrypoint = words(&["docker-entrypoint.sh"]);
    recipe.cmd = words(&["postgres"]);
    recipe.exposed_ports = vec![5432];
    recipe.stop_signal = Some(Signal::INT);
    Some(recipe)
}

fn mariadb(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(&[
        "12.0.2", "11.8.3", "11.7.2", "11.6.2", "11.5.2", "11.4.8", "11.3.2", "11.2.6", "11.1.6", "11.0.6",
        "10.11.14", "10.6.23", "10.5.29", "10.4.34", "10.3.39", "10.2.44",
    ])?;
    let account =
        debian::Account { name: "mysql", id: 999, comment: "", home: "/home/mysql", shell: "/bin/sh" };
    let mut tree = super::ubuntu::noble(account);
    tree.program("/usr/sbin/mariadbd", "mariadbd", 26_000_000)
        .link("/usr/sbin/mysqld", "mariadbd")
        .program("/usr/bin/mariadb-admin", "mysqladmin", 4_800_000)
        .link("/usr/bin/mysqladmin", "mariadb-admin")
        .dir_of("/var/lib/mysql", 0o1777, 999, 999)
        .file("/usr/local/bin/docker-entrypoint.sh", 0o755, "#!/bin/bash\n# Options are for the server.\nset -e\ncase \"$1\" in\n-*) set -- mariadbd \"$@\" ;;\nesac\nexec \"$@\"\n")
        .dirs(&["/docker-entrypoint-initdb.d", "/run/mysqld", "/etc/mysql/conf.d", "/etc/mysql/mariadb.conf.d"]);
    let release = format!("1:{version}+maria~ubu2404");
    let mut recipe = plain_recipe(tree, Libc::Glibc, version.to_owned(), 105_906_176);
    recipe.env = variables(&[("MARIADB_VERSION", &release), ("LANG", "C.UTF-8")]);
    recipe.entrypoint = words(&["docker-entrypoint.sh"]);
    recipe.cmd = words(&["mariadbd"]);
    recipe.exposed_ports = vec![3306];
    Some(recipe)
}

fn mysql(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(&[
        "9.5.0", "9.1.0", "8.4.7", "8.0.44", "8.0.33", "8.0.23", "5.7.44", "5.7.22", "5.6.51", "5.6",
    ])?;
    let account =
        debian::Account { name: "mysql", id: 999, comment: "", home: "/var/lib/mysql", shell: "/bin/false" };
    let mut tree = debian::tree(debian::bookworm(), &[account], &[]);
    tree.program("/usr/sbin/mysqld", "mysqld", 64_000_000)
        .program("/usr/bin/mysqladmin", "mysqladmin", 7_200_000)
        .dir_of("/var/lib/mysql", 0o1777, 999, 999)
        .file("/usr/local/bin/docker-entrypoint.sh", 0o755, "#!/bin/bash\n# Options are for the server.\nset -e\ncase \"$1\" in\n-*) set -- mysqld \"$@\" ;;\nesac\nexec \"$@\"\n")
        .dirs(&["/docker-entrypoint-initdb.d", "/var/run/mysqld", "/etc/mysql/conf.d"]);
    let mut recipe = plain_recipe(tree, Libc::Glibc, version.to_owned(), 171_966_464);
    recipe.env = variables(&[("MYSQL_VERSION", version)]);
    recipe.entrypoint = words(&["docker-entrypoint.sh"]);
    recipe.cmd = words(&["mysqld"]);
    recipe.exposed_ports = vec![3306];
    Some(recipe)
}
