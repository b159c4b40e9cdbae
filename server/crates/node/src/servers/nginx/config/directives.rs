//! The directives that nginx knows: where each may stand, how many arguments it takes, of which kind.
//!
//! The table has more rows than this server acts on: what tunes sockets and buffers has no effect here, but must be
//! accepted, and refused where nginx refuses it.

/// A set of places where directives stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::servers::nginx) struct Place(u32);

impl Place {
    pub(in crate::servers::nginx) const MAIN: Self = Self(1);
    const EVENTS: Self = Self(1 << 1);
    const HTTP: Self = Self(1 << 2);
    const SERVER: Self = Self(1 << 3);
    const LOCATION: Self = Self(1 << 4);
    const UPSTREAM: Self = Self(1 << 5);
    /// `if` in a server.
    const SERVER_IF: Self = Self(1 << 6);
    /// `if` in a location.
    const LOCATION_IF: Self = Self(1 << 7);
    const LIMIT_EXCEPT: Self = Self(1 << 8);
    const STREAM: Self = Self(1 << 9);
    const STREAM_SERVER: Self = Self(1 << 10);
    const STREAM_UPSTREAM: Self = Self(1 << 11);
    /// Where entries stand that are no directives: `types`, `map`, `geo`.
    const TABLE: Self = Self(1 << 12);
    const MAIL: Self = Self(1 << 13);

    const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether this set has that place.
    pub(super) fn contains(self, place: Self) -> bool {
        self.0 & place.0 != 0
    }

    pub(super) fn is_table(self) -> bool {
        self == Self::TABLE
    }
}

/// What the first argument has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Any,
    Flag,
    Number,
    /// A number whose directive complains in words of its own.
    Count,
    Size,
    Time,
    /// One of these words.
    OneOf(&'static str),
}

/// A directive at some places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    name: &'static str,
    pub(super) places: Place,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) shape: Shape,
    /// Whether a second one at the same level is an error.
    pub(super) once: bool,
    /// What may stand in its block, if it is one.
    pub(super) inner: Option<Place>,
}

/// What is known under a name.
pub(super) fn named(name: &str) -> impl Iterator<Item = &'static Spec> + use<'_> {
    TABLE.iter().filter(move |spec| spec.name == name)
}

const MANY: usize = usize::MAX;
const HTTP_LEVELS: Place = Place::HTTP.or(Place::SERVER).or(Place::LOCATION);
const WITH_IF: Place = HTTP_LEVELS.or(Place::LOCATION_IF);
const HTTP_SERVER: Place = Place::HTTP.or(Place::SERVER);
const REWRITE: Place = Place::SERVER.or(Place::SERVER_IF).or(Place::LOCATION).or(Place::LOCATION_IF);
const ACCESS: Place = HTTP_LEVELS.or(Place::LIMIT_EXCEPT);
const ANY_STREAM: Place = Place::STREAM.or(Place::STREAM_SERVER);

const fn spec(name: &'static str, places: Place, least: usize, most: usize) -> Spec {
    Spec { name, places, least, most, shape: Shape::Any, once: false, inner: None }
}

const fn once(name: &'static str, places: Place, least: usize, most: usize) -> Spec {
    Spec { once: true, ..spec(name, places, least, most) }
}

const fn shaped(name: &'static str, places: Place, shape: Shape) -> Spec {
    Spec { shape, ..once(name, places, 1, 1) }
}

const fn flag(name: &'static str, places: Place) -> Spec {
    shaped(name, places, Shape::Flag)
}

const fn number(name: &'static str, places: Place) -> Spec {
    shaped(name, places, Shape::Number)
}

const fn size(name: &'static str, places: Place) -> Spec {
    shaped(name, places, Shape::Size)
}

const fn time(name: &'static str, places: Place) -> Spec {
    shaped(name, places, Shape::Time)
}

const fn block(name: &'static str, places: Place, least: usize, most: usize, inner: Place) -> Spec {
    Spec { inner: Some(inner), ..spec(name, places, least, most) }
}

const fn one_block(name: &'static str, places: Place, inner: Place) -> Spec {
    Spec { once: true, ..block(name, places, 0, 0, inner) }
}

const TABLE: &[Spec] = &[
    // The core.
    flag("daemon", Place::MAIN),
    spec("debug_points", Place::MAIN, 1, 1),
    spec("env", Place::MAIN, 1, 1),
    spec("error_log", Place::MAIN.or(WITH_IF).or(ANY_STREAM), 1, MANY),
    one_block("events", Place::MAIN, Place::EVENTS),
    one_block("http", Place::MAIN, Place::HTTP),
    one_block("stream", Place::MAIN, Place::STREAM),
    one_block("mail", Place::MAIN, Place::MAIL),
    spec("include", Place(u32::MAX), 1, 1),
    spec("load_module", Place::MAIN, 1, 1),
    once("lock_file", Place::MAIN, 1, 1),
    flag("master_process", Place::MAIN),
    flag("pcre_jit", Place::MAIN),
    once("pid", Place::MAIN, 1, 1),
    spec("ssl_engine", Place::MAIN, 1, 1),
    spec("thread_pool", Place::MAIN, 2, 3),
    time("timer_resolution", Place::MAIN),
    once("user", Place::MAIN, 1, 2),
    once("worker_cpu_affinity", Place::MAIN, 1, MANY),
    number("worker_priority", Place::MAIN),
    once("worker_processes", Place::MAIN, 1, 1),
    size("worker_rlimit_core", Place::MAIN),
    number("worker_rlimit_nofile", Place::MAIN),
    time("worker_shutdown_timeout", Place::MAIN),
    once("working_directory", Place::MAIN, 1, 1),
    // Events.
    flag("accept_mutex", Place::EVENTS),
    time("accept_mutex_delay", Place::EVENTS),
    flag("multi_accept", Place::EVENTS),
    once("use", Place::EVENTS, 1, 1),
    number("worker_aio_requests", Place::EVENTS),
    shaped("worker_connections", Place::EVENTS, Shape::Count),
    spec("debug_connection", Place::EVENTS, 1, 1),
    // HTTP: blocks.
    block("server", Place::HTTP, 0, 0, Place::SERVER),
    block("location", Place::SERVER.or(Place::LOCATION), 1, 2, Place::LOCATION),
    block("if", Place::SERVER, 1, MANY, Place::SERVER_IF),
    block("if", Place::LOCATION, 1, MANY, Place::LOCATION_IF),
    block("limit_except", Place::LOCATION, 1, MANY, Place::LIMIT_EXCEPT),
    block("upstream", Place::HTTP, 1, 1, Place::UPSTREAM),
    block("types", HTTP_LEVELS, 0, 0, Place::TABLE),
    block("map", Place::HTTP, 2, 2, Place::TABLE),
    block("geo", Place::HTTP, 1, 2, Place::TABLE),
    block("split_clients", Place::HTTP, 2, 2, Place::TABLE),
    // HTTP: servers and connections.
    flag("absolute_redirect", HTTP_LEVELS),
    shaped("aio", HTTP_LEVELS, Shape::Any),
    once("alias", Place::LOCATION, 1, 1),
    once("auth_delay", HTTP_LEVELS, 1, 1),
    flag("chunked_transfer_encoding", HTTP_LEVELS),
    size("client_body_buffer_size", HTTP_LEVELS),
    shaped("client_body_in_file_only", HTTP_LEVELS, Shape::OneOf("on clean off")),
    flag("client_body_in_single_buffer", HTTP_LEVELS),
    once("client_body_temp_path", HTTP_LEVELS, 1, 4),
    time("client_body_timeout", HTTP_LEVELS),
    size("client_header_buffer_size", HTTP_SERVER),
    time("client_header_timeout", HTTP_SERVER),
    size("client_max_body_size", HTTP_LEVELS),
    size("connection_pool_size", HTTP_SERVER),
    once("default_type", HTTP_LEVELS, 1, 1),
    once("directio", HTTP_LEVELS, 1, 1),
    once("disable_symlinks", HTTP_LEVELS, 1, 2),
    spec("error_page", WITH_IF, 2, MANY),
    shaped("etag", HTTP_LEVELS, Shape::Flag),
    flag("http2", HTTP_SERVER),
    flag("http3", HTTP_SERVER),
    shaped("if_modified_since", HTTP_LEVELS, Shape::OneOf("off exact before")),
    flag("ignore_invalid_headers", HTTP_SERVER),
    once("internal", Place::LOCATION, 0, 0),
    once("keepalive_disable", HTTP_LEVELS, 1, 2),
    number("keepalive_requests", HTTP_LEVELS.or(Place::UPSTREAM)),
    time("keepalive_time", HTTP_LEVELS.or(Place::UPSTREAM)),
    Spec { most: 2, ..time("keepalive_timeout", HTTP_LEVELS.or(Place::UPSTREAM)) },
    Spec { least: 2, most: 2, ..number("large_client_header_buffers", HTTP_SERVER) },
    once("limit_rate", WITH_IF, 1, 1),
    once("limit_rate_after", WITH_IF, 1, 1),
    shaped("lingering_close", HTTP_LEVELS, Shape::OneOf("off on always")),
    time("lingering_time", HTTP_LEVELS),
    time("lingering_timeout", HTTP_LEVELS),
    spec("listen", Place::SERVER, 1, MANY),
    flag("log_not_found", HTTP_LEVELS),
    flag("log_subrequest", HTTP_LEVELS),
    size("max_ranges", HTTP_LEVELS),
    flag("merge_slashes", HTTP_SERVER),
    flag("msie_padding", HTTP_LEVELS),
    flag("msie_refresh", HTTP_LEVELS),
    once("open_file_cache", HTTP_LEVELS, 1, 2),
    flag("open_file_cache_errors", HTTP_LEVELS),
    number("open_file_cache_min_uses", HTTP_LEVELS),
    time("open_file_cache_valid", HTTP_LEVELS),
    once("output_buffers", HTTP_LEVELS, 2, 2),
    flag("port_in_redirect", HTTP_LEVELS),
    size("postpone_output", HTTP_LEVELS),
    size("read_ahead", HTTP_LEVELS),
    flag("recursive_error_pages", HTTP_LEVELS),
    size("request_pool_size", HTTP_SERVER),
    flag("reset_timedout_connection", HTTP_LEVELS),
    spec("resolver", HTTP_LEVELS.or(ANY_STREAM).or(Place::UPSTREAM), 1, MANY),
    time("resolver_timeout", HTTP_LEVELS.or(ANY_STREAM).or(Place::UPSTREAM)),
    once("root", WITH_IF, 1, 1),
    shaped("satisfy", HTTP_LEVELS, Shape::OneOf("all any")),
    size("send_lowat", HTTP_LEVELS),
    time("send_timeout", HTTP_LEVELS),
    flag("sendfile", WITH_IF),
    size("sendfile_max_chunk", HTTP_LEVELS),
    spec("server_name", Place::SERVER, 1, MANY),
    flag("server_name_in_redirect", HTTP_LEVELS),
    number("server_names_hash_bucket_size", Place::HTTP),
    number("server_names_hash_max_size", Place::HTTP),
    shaped("server_tokens", HTTP_LEVELS, Shape::OneOf("on off build")),
    size("subrequest_output_buffer_size", HTTP_LEVELS),
    flag("tcp_nodelay", HTTP_LEVELS),
    flag("tcp_nopush", HTTP_LEVELS),
    once("try_files", Place::SERVER.or(Place::LOCATION), 2, MANY),
    number("types_hash_bucket_size", HTTP_LEVELS),
    number("types_hash_max_size", HTTP_LEVELS),
    flag("underscores_in_headers", HTTP_SERVER),
    number("variables_hash_bucket_size", Place::HTTP.or(Place::STREAM)),
    number("variables_hash_max_size", Place::HTTP.or(Place::STREAM)),
    number("map_hash_bucket_size", Place::HTTP),
    number("map_hash_max_size", Place::HTTP),
    // HTTP: what is in modules of their own.
    spec("access_log", WITH_IF.or(Place::LIMIT_EXCEPT).or(ANY_STREAM), 1, MANY),
    spec("log_format", Place::HTTP.or(Place::STREAM), 2, MANY),
    once("open_log_file_cache", HTTP_LEVELS.or(ANY_STREAM), 1, 4),
    spec("add_header", WITH_IF, 2, 3),
    spec("add_trailer", WITH_IF, 2, 3),
    once("expires", WITH_IF, 1, 2),
    spec("allow", ACCESS.or(ANY_STREAM), 1, 1),
    spec("deny", ACCESS.or(ANY_STREAM), 1, 1),
    once("auth_basic", ACCESS, 1, 1),
    once("auth_basic_user_file", ACCESS, 1, 1),
    once("auth_request", HTTP_LEVELS, 1, 1),
    spec("auth_request_set", HTTP_LEVELS, 2, 2),
    flag("autoindex", HTTP_LEVELS),
    flag("autoindex_exact_size", HTTP_LEVELS),
    shaped("autoindex_format", HTTP_LEVELS, Shape::OneOf("html json jsonp xml")),
    flag("autoindex_localtime", HTTP_LEVELS),
    once("charset", WITH_IF, 1, 1),
    spec("charset_types", HTTP_LEVELS, 1, MANY),
    flag("override_charset", WITH_IF),
    once("source_charset", WITH_IF, 1, 1),
    once("empty_gif", Place::LOCATION, 0, 0),
    flag("gzip", WITH_IF),
    once("gzip_buffers", HTTP_LEVELS, 2, 2),
    number("gzip_comp_level", HTTP_LEVELS),
    spec("gzip_disable", HTTP_LEVELS, 1, MANY),
    shaped("gzip_http_version", HTTP_LEVELS, Shape::OneOf("1.0 1.1")),
    size("gzip_min_length", HTTP_LEVELS),
    spec("gzip_proxied", HTTP_LEVELS, 1, MANY),
    shaped("gzip_static", HTTP_LEVELS, Shape::OneOf("off on always")),
    flag("gunzip", HTTP_LEVELS),
    spec("gzip_types", HTTP_LEVELS, 1, MANY),
    flag("gzip_vary", HTTP_LEVELS),
    spec("index", HTTP_LEVELS, 1, MANY),
    spec("limit_conn", HTTP_LEVELS.or(ANY_STREAM), 2, 2),
    spec("limit_conn_zone", Place::HTTP.or(Place::STREAM), 2, 2),
    spec("limit_conn_status", HTTP_LEVELS, 1, 1),
    spec("limit_req", HTTP_LEVELS, 1, 3),
    spec("limit_req_zone", Place::HTTP, 3, 4),
    spec("limit_req_status", HTTP_LEVELS, 1, 1),
    spec("limit_conn_log_level", HTTP_LEVELS, 1, 1),
    spec("limit_req_log_level", HTTP_LEVELS, 1, 1),
    once("mirror", HTTP_LEVELS, 1, 1),
    flag("mirror_request_body", HTTP_LEVELS),
    once("random_index", Place::LOCATION, 1, 1),
    spec("real_ip_header", HTTP_LEVELS, 1, 1),
    flag("real_ip_recursive", HTTP_LEVELS),
    spec("set_real_ip_from", HTTP_LEVELS.or(ANY_STREAM), 1, 1),
    spec("break", REWRITE, 0, 0),
    spec("return", REWRITE, 1, 2),
    spec("return", Place::STREAM_SERVER, 1, 1),
    spec("rewrite", REWRITE, 2, 3),
    flag("rewrite_log", HTTP_LEVELS.or(Place::SERVER_IF).or(Place::LOCATION_IF)),
    spec("set", REWRITE, 2, 2),
    flag("uninitialized_variable_warn", HTTP_LEVELS.or(Place::SERVER_IF).or(Place::LOCATION_IF)),
    flag("ssi", WITH_IF),
    once("stub_status", Place::SERVER.or(Place::LOCATION), 0, 1),
    spec("sub_filter", HTTP_LEVELS, 2, 2),
    flag("sub_filter_last_modified", HTTP_LEVELS),
    flag("sub_filter_once", HTTP_LEVELS),
    spec("sub_filter_types", HTTP_LEVELS, 1, MANY),
    spec("dav_methods", HTTP_LEVELS, 1, MANY),
    spec("dav_access", HTTP_LEVELS, 1, 3),
    flag("create_full_put_path", HTTP_LEVELS),
    spec("referer_hash_bucket_size", Place::SERVER.or(Place::LOCATION), 1, 1),
    spec("valid_referers", Place::SERVER.or(Place::LOCATION), 1, MANY),
    shaped("slice", HTTP_LEVELS, Shape::Size),
    spec("secure_link", HTTP_LEVELS, 1, 1),
    spec("secure_link_md5", HTTP_LEVELS, 1, 1),
    // HTTP: TLS.
    flag("ssl", HTTP_SERVER),
    spec("ssl_certificate", HTTP_SERVER.or(ANY_STREAM), 1, 1),
    spec("ssl_certificate_key", HTTP_SERVER.or(ANY_STREAM), 1, 1),
    once("ssl_ciphers", HTTP_SERVER.or(ANY_STREAM), 1, 1),
    once("ssl_client_certificate", HTTP_SERVER.or(ANY_STREAM), 1, 1),
    once("ssl_dhparam", HTTP_SERVER.or(ANY_STREAM), 1, 1),
    once("ssl_ecdh_curve", HTTP_SERVER.or(ANY_STREAM), 1, 1),
    once("ssl_password_file", HTTP_SERVER.or(ANY_STREAM), 1, 1),
    flag("ssl_prefer_server_ciphers", HTTP_SERVER.or(ANY_STREAM)),
    spec("ssl_protocols", HTTP_SERVER.or(ANY_STREAM), 1, MANY),
    spec("ssl_session_cache", HTTP_SERVER.or(ANY_STREAM), 1, 2),
    flag("ssl_session_tickets", HTTP_SERVER.or(ANY_STREAM)),
    time("ssl_session_timeout", HTTP_SERVER.or(ANY_STREAM)),
    flag("ssl_stapling", HTTP_SERVER),
    flag("ssl_stapling_verify", HTTP_SERVER),
    once("ssl_trusted_certificate", HTTP_SERVER.or(ANY_STREAM), 1, 1),
    shaped("ssl_verify_client", HTTP_SERVER.or(ANY_STREAM), Shape::OneOf("off on optional optional_no_ca")),
    number("ssl_verify_depth", HTTP_SERVER.or(ANY_STREAM)),
    // HTTP: proxying.
    spec("proxy_pass", Place::LOCATION.or(Place::LOCATION_IF).or(Place::LIMIT_EXCEPT), 1, 1),
    once("proxy_bind", HTTP_LEVELS.or(ANY_STREAM), 1, 2),
    size("proxy_buffer_size", HTTP_LEVELS.or(ANY_STREAM)),
    flag("proxy_buffering", HTTP_LEVELS),
    Spec { least: 2, most: 2, ..number("proxy_buffers", HTTP_LEVELS) },
    size("proxy_busy_buffers_size", HTTP_LEVELS),
    once("proxy_cache", HTTP_LEVELS, 1, 1),
    once("proxy_cache_background_update", HTTP_LEVELS, 1, 1),
    spec("proxy_cache_bypass", HTTP_LEVELS, 1, MANY),
    once("proxy_cache_key", HTTP_LEVELS, 1, 1),
    flag("proxy_cache_lock", HTTP_LEVELS),
    spec("proxy_cache_methods", HTTP_LEVELS, 1, MANY),
    number("proxy_cache_min_uses", HTTP_LEVELS),
    spec("proxy_cache_path", Place::HTTP, 2, MANY),
    flag("proxy_cache_revalidate", HTTP_LEVELS),
    spec("proxy_cache_use_stale", HTTP_LEVELS, 1, MANY),
    spec("proxy_cache_valid", HTTP_LEVELS, 1, MANY),
    time("proxy_connect_timeout", HTTP_LEVELS.or(ANY_STREAM)),
    spec("proxy_cookie_domain", HTTP_LEVELS, 1, 2),
    spec("proxy_cookie_path", HTTP_LEVELS, 1, 2),
    spec("proxy_cookie_flags", HTTP_LEVELS, 1, 4),
    flag("proxy_force_ranges", HTTP_LEVELS),
    number("proxy_headers_hash_bucket_size", HTTP_LEVELS),
    number("proxy_headers_hash_max_size", HTTP_LEVELS),
    spec("proxy_hide_header", HTTP_LEVELS, 1, 1),
    shaped("proxy_http_version", HTTP_LEVELS, Shape::OneOf("1.0 1.1 2")),
    flag("proxy_ignore_client_abort", HTTP_LEVELS),
    spec("proxy_ignore_headers", HTTP_LEVELS, 1, MANY),
    flag("proxy_intercept_errors", HTTP_LEVELS),
    once("proxy_limit_rate", HTTP_LEVELS, 1, 1),
    size("proxy_max_temp_file_size", HTTP_LEVELS),
    once("proxy_method", HTTP_LEVELS, 1, 1),
    spec("proxy_next_upstream", HTTP_LEVELS, 1, MANY),
    flag("proxy_next_upstream", ANY_STREAM),
    time("proxy_next_upstream_timeout", HTTP_LEVELS.or(ANY_STREAM)),
    number("proxy_next_upstream_tries", HTTP_LEVELS.or(ANY_STREAM)),
    spec("proxy_no_cache", HTTP_LEVELS, 1, MANY),
    spec("proxy_pass_header", HTTP_LEVELS, 1, 1),
    flag("proxy_pass_request_body", HTTP_LEVELS),
    flag("proxy_pass_request_headers", HTTP_LEVELS),
    time("proxy_read_timeout", HTTP_LEVELS),
    spec("proxy_redirect", HTTP_LEVELS, 1, 2),
    flag("proxy_request_buffering", HTTP_LEVELS),
    size("proxy_send_lowat", HTTP_LEVELS),
    time("proxy_send_timeout", HTTP_LEVELS),
    once("proxy_set_body", HTTP_LEVELS, 1, 1),
    spec("proxy_set_header", HTTP_LEVELS, 2, 2),
    flag("proxy_socket_keepalive", HTTP_LEVELS.or(ANY_STREAM)),
    once("proxy_ssl_certificate", HTTP_LEVELS.or(ANY_STREAM), 1, 1),
    once("proxy_ssl_certificate_key", HTTP_LEVELS.or(ANY_STREAM), 1, 1),
    once("proxy_ssl_name", HTTP_LEVELS.or(ANY_STREAM), 1, 1),
    spec("proxy_ssl_protocols", HTTP_LEVELS.or(ANY_STREAM), 1, MANY),
    flag("proxy_ssl_server_name", HTTP_LEVELS.or(ANY_STREAM)),
    flag("proxy_ssl_session_reuse", HTTP_LEVELS.or(ANY_STREAM)),
    once("proxy_ssl_trusted_certificate", HTTP_LEVELS.or(ANY_STREAM), 1, 1),
    flag("proxy_ssl_verify", HTTP_LEVELS.or(ANY_STREAM)),
    flag("proxy_store", HTTP_LEVELS),
    once("proxy_temp_path", HTTP_LEVELS, 1, 4),
    size("proxy_temp_file_write_size", HTTP_LEVELS),
    // HTTP: other gateways.
    spec("fastcgi_pass", Place::LOCATION.or(Place::LOCATION_IF), 1, 1),
    spec("fastcgi_param", HTTP_LEVELS, 2, 3),
    once("fastcgi_index", HTTP_LEVELS, 1, 1),
    once("fastcgi_split_path_info", Place::LOCATION, 1, 1),
    time("fastcgi_read_timeout", HTTP_LEVELS),
    time("fastcgi_connect_timeout", HTTP_LEVELS),
    time("fastcgi_send_timeout", HTTP_LEVELS),
    once("fastcgi_buffers", HTTP_LEVELS, 2, 2),
    size("fastcgi_buffer_size", HTTP_LEVELS),
    flag("fastcgi_intercept_errors", HTTP_LEVELS),
    once("fastcgi_temp_path", HTTP_LEVELS, 1, 4),
    spec("uwsgi_pass", Place::LOCATION.or(Place::LOCATION_IF), 1, 1),
    spec("uwsgi_param", HTTP_LEVELS, 2, 3),
    once("uwsgi_temp_path", HTTP_LEVELS, 1, 4),
    spec("scgi_pass", Place::LOCATION.or(Place::LOCATION_IF), 1, 1),
    spec("scgi_param", HTTP_LEVELS, 2, 3),
    once("scgi_temp_path", HTTP_LEVELS, 1, 4),
    spec("grpc_pass", Place::LOCATION.or(Place::LOCATION_IF), 1, 1),
    spec("memcached_pass", Place::LOCATION.or(Place::LOCATION_IF), 1, 1),
    // Upstreams.
    spec("server", Place::UPSTREAM.or(Place::STREAM_UPSTREAM), 1, MANY),
    spec("ip_hash", Place::UPSTREAM, 0, 0),
    spec("hash", Place::UPSTREAM.or(Place::STREAM_UPSTREAM), 1, 2),
    spec("least_conn", Place::UPSTREAM.or(Place::STREAM_UPSTREAM), 0, 0),
    spec("random", Place::UPSTREAM.or(Place::STREAM_UPSTREAM), 0, 2),
    spec("keepalive", Place::UPSTREAM, 1, 2),
    spec("zone", Place::UPSTREAM.or(Place::STREAM_UPSTREAM), 1, 2),
    // Streams.
    block("server", Place::STREAM, 0, 0, Place::STREAM_SERVER),
    block("upstream", Place::STREAM, 1, 1, Place::STREAM_UPSTREAM),
    spec("listen", Place::STREAM_SERVER, 1, MANY),
    once("proxy_pass", Place::STREAM_SERVER, 1, 1),
    time("proxy_timeout", ANY_STREAM),
    flag("proxy_protocol", ANY_STREAM),
    flag("ssl_preread", ANY_STREAM),
    flag("tcp_nodelay", ANY_STREAM),
    size("preread_buffer_size", ANY_STREAM),
    time("preread_timeout", ANY_STREAM),
];
