//! The objects that containers and volumes are made from, read from the API.

use k8s_openapi::api::core::v1::{
    ConfigMap, PersistentVolume, PersistentVolumeClaim, Secret, Service, ServiceAccount,
};

use crate::{
    Client,
    tokens::{Binding, Claims, ISSUER, Named},
};

/// Where the kubelet reads what Pods refer to.
pub(crate) trait Sources: Send + Sync {
    fn config_map(&self, namespace: &str, name: &str) -> Option<ConfigMap>;

    fn secret(&self, namespace: &str, name: &str) -> Option<Secret>;

    fn claim(&self, namespace: &str, name: &str) -> Option<PersistentVolumeClaim>;

    fn volume(&self, name: &str) -> Option<PersistentVolume>;

    /// The Services that containers are told of, by name: those of the namespace if `links`, and the API's own.
    fn services(&self, namespace: &str, links: bool) -> Vec<Service>;

    /// A token for a service account, bound to a Pod.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn token(&self, request: &TokenRequest<'_>) -> Result<String, String>;
}

/// Which token is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenRequest<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) account: &'a str,
    pub(crate) audience: Option<&'a str>,
    pub(crate) seconds: i64,
    pub(crate) pod: &'a str,
    pub(crate) pod_uid: &'a str,
}

impl Sources for Client {
    fn config_map(&self, namespace: &str, name: &str) -> Option<ConfigMap> {
        self.namespaced(namespace).get(name).ok()
    }

    fn secret(&self, namespace: &str, name: &str) -> Option<Secret> {
        self.namespaced(namespace).get(name).ok()
    }

    fn claim(&self, namespace: &str, name: &str) -> Option<PersistentVolumeClaim> {
        self.namespaced(namespace).get(name).ok()
    }

    fn volume(&self, name: &str) -> Option<PersistentVolume> {
        self.all().get(name).ok()
    }

    fn services(&self, namespace: &str, links: bool) -> Vec<Service> {
        let mut services: Vec<Service> =
            self.namespaced("default").get("kubernetes").ok().into_iter().collect();
        if links {
            let own = self.namespaced::<Service>(namespace).list(&crate::client::Selection::default());
            let is_api = |service: &Service| {
                namespace == "default" && service.metadata.name.as_deref() == Some("kubernetes")
            };
            services.extend(own.unwrap_or_default().into_iter().filter(|service| !is_api(service)));
        }
        services
    }

    fn token(&self, request: &TokenRequest<'_>) -> Result<String, String> {
        let account: ServiceAccount =
            self.namespaced(request.namespace).get(request.account).map_err(|error| error.to_string())?;
        let now = self.now().as_second();
        let named = |name: &str, uid: &str| Named { name: name.to_owned(), uid: uid.to_owned() };
        let uid = account.metadata.uid.unwrap_or_default();
        let claims = Claims {
            aud: vec![request.audience.unwrap_or(ISSUER).to_owned()],
            exp: now.saturating_add(request.seconds),
            iat: now,
            iss: ISSUER.to_owned(),
            jti: self.server().rng.uuid(),
            kubernetes: Binding {
                namespace: request.namespace.to_owned(),
                pod: Some(named(request.pod, request.pod_uid)),
                serviceaccount: named(request.account, &uid),
            },
            nbf: now,
            sub: format!("system:serviceaccount:{}:{}", request.namespace, request.account),
        };
        Ok(self.server().tokens.sign(&claims))
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Sources with one object of each kind.

    use serde_json::Value;

    use super::*;

    pub(crate) struct Fixed {
        pub(crate) config_map: ConfigMap,
        pub(crate) secret: Secret,
        pub(crate) service: Service,
    }

    impl Fixed {
        pub(crate) fn new(config_map: Value, secret: Value, service: Value) -> Self {
            Self {
                config_map: serde_json::from_value(config_map).unwrap(),
                secret: serde_json::from_value(secret).unwrap(),
                service: serde_json::from_value(service).unwrap(),
            }
        }
    }

    impl Sources for Fixed {
        fn config_map(&self, _: &str, name: &str) -> Option<ConfigMap> {
            Some(self.config_map.clone()).filter(|map| map.metadata.name.as_deref() == Some(name))
        }

        fn secret(&self, _: &str, name: &str) -> Option<Secret> {
            Some(self.secret.clone()).filter(|secret| secret.metadata.name.as_deref() == Some(name))
        }

        fn claim(&self, _: &str, _: &str) -> Option<PersistentVolumeClaim> {
            None
        }

        fn volume(&self, _: &str) -> Option<PersistentVolume> {
            None
        }

        fn services(&self, _: &str, links: bool) -> Vec<Service> {
            if links { vec![self.service.clone()] } else { Vec::new() }
        }

        fn token(&self, request: &TokenRequest<'_>) -> Result<String, String> {
            Ok(format!("token-of-{}", request.account))
        }
    }
}
