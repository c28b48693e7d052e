//! The keys that JSON Web Tokens are verified with, and the rules for their claims.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Validation, crypto, decode, decode_header};
use parking_lot::RwLock;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::claims::Jwt;
use crate::handshake::reject::Reject;
use crate::handshake::token::Token;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// One key, for one algorithm.
///
/// So a token can't choose how it is verified: a public RSA key is never used as a secret, and `alg: none` has no key at all. Keys
/// inside a token (`jwk`, `jku`, `x5u`) are ignored.
#[derive(Clone)]
pub struct JwtKey {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtKey {
    /// HS256: a secret of at least 32 bytes that is shared with the signer (RFC 7518, section 3.2). Whoever can verify can sign.
    ///
    /// # Errors
    /// If the secret is shorter.
    pub fn hs256(secret: impl AsRef<[u8]>) -> Result<Self, InvalidJwtKey> {
        let secret = secret.as_ref();
        if secret.len() < 32 {
            return Err(InvalidJwtKey("a secret for HS256 has 32 bytes at least"));
        }
        Ok(Self::new(Algorithm::HS256, DecodingKey::from_secret(secret)))
    }

    /// RS256: a public RSA key in PEM, of at least 2048 bits (RFC 7518, section 3.3).
    ///
    /// # Errors
    /// If it is not an RSA key, or has fewer than 2048 bits.
    pub fn rs256_pem(pem: impl AsRef<[u8]>) -> Result<Self, InvalidJwtKey> {
        let not_a_key = InvalidJwtKey("not the PEM of a public RSA key");
        Self::rs256(DecodingKey::from_rsa_pem(pem.as_ref()).map_err(|_| not_a_key)?)
    }

    /// ES256: a public key on the curve P-256 in PEM.
    ///
    /// # Errors
    /// If it is not such a key.
    pub fn es256_pem(pem: impl AsRef<[u8]>) -> Result<Self, InvalidJwtKey> {
        let not_a_key = InvalidJwtKey("not the PEM of a public key on P-256");
        Self::es256(DecodingKey::from_ec_pem(pem.as_ref()).map_err(|_| not_a_key)?)
    }

    /// The keys of a JSON Web Key Set (RFC 7517), which login servers publish, each with its `kid`. Keys for other uses and other
    /// algorithms are left out.
    ///
    /// # Errors
    /// If the text is no key set, or a key in it is invalid or too short.
    pub fn jwks(json: &str) -> Result<Vec<Self>, InvalidJwtKey> {
        // Each key is read by itself, so that a key of an unknown kind does not spoil the others.
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set = serde_json::from_str(json).map_err(|_| InvalidJwtKey("not a JSON Web Key Set"))?;
        let known = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        known.filter_map(|key: Jwk| Self::jwk(&key).transpose()).collect()
    }

    /// Uses the key only for tokens with this `kid`. A key without a `kid` is used for all tokens, with any `kid` or none.
    #[must_use]
    pub fn kid(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    fn new(algorithm: Algorithm, key: DecodingKey) -> Self {
        Self { id: None, algorithm, key }
    }

    fn rs256(key: DecodingKey) -> Result<Self, InvalidJwtKey> {
        let modulus = match key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, .. } => n.clone(),
            DecodingKeyKind::SecretOrDer(der) => {
                let parts = (DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key)(der);
                parts.map_err(|_| InvalidJwtKey("not a public RSA key"))?.0
            }
        };
        let bits = modulus.iter().skip_while(|byte| **byte == 0).count() * 8;
        if bits < 2048 {
            return Err(InvalidJwtKey("an RSA key for RS256 has 2048 bits at least"));
        }
        Ok(Self::new(Algorithm::RS256, key))
    }

    fn es256(key: DecodingKey) -> Result<Self, InvalidJwtKey> {
        crypto::verify("", b"", &key, Algorithm::ES256).map_err(|_| InvalidJwtKey("not a public key on P-256"))?;
        Ok(Self::new(Algorithm::ES256, key))
    }

    /// `None` for a key of another use or algorithm.
    fn jwk(jwk: &Jwk) -> Result<Option<Self>, InvalidJwtKey> {
        let is_for = |algorithm| jwk.common.key_algorithm.is_none_or(|named| named == algorithm);
        if jwk.common.public_key_use.as_ref().is_some_and(|used| *used != PublicKeyUse::Signature) {
            return Ok(None);
        }
        let broken = |_| InvalidJwtKey("a key of the set can't be read");
        let key = || DecodingKey::from_jwk(jwk).map_err(broken);
        let key = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) if is_for(KeyAlgorithm::RS256) => Self::rs256(key()?)?,
            AlgorithmParameters::EllipticCurve(_) if is_for(KeyAlgorithm::ES256) => match Self::es256(key()?) {
                Ok(key) => key,
                // A key on another curve need not name its algorithm.
                Err(_) if jwk.common.key_algorithm.is_none() => return Ok(None),
                Err(error) => return Err(error),
            },
            AlgorithmParameters::OctetKey(_) if is_for(KeyAlgorithm::HS256) => {
                Self::hs256(key()?.try_get_as_bytes().map_err(broken)?)?
            }
            _ => return Ok(None),
        };
        Ok(Some(Self { id: jwk.common.key_id.clone(), ..key }))
    }

    fn is_for(&self, id: Option<&str>, algorithm: Algorithm) -> bool {
        self.algorithm == algorithm && (self.id.is_none() || self.id.as_deref() == id)
    }
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, algorithm, .. } = self;
        f.debug_struct("JwtKey").field("kid", id).field("algorithm", algorithm).finish_non_exhaustive()
    }
}

/// The error for a key that no tokens can be verified with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidJwtKey(&'static str);

impl fmt::Display for InvalidJwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for InvalidJwtKey {}

/// The keys of an app, and the rules for a token's claims: it is valid already (`nbf`) and has not expired (`exp`, which is
/// required), it is meant for this app (`aud`), and its issuer is trusted (`iss`).
///
/// A token with an `aud` is rejected if no [`audience`](Self::audience) is set, because it is meant for somebody else (RFC 7519,
/// section 4.1.3). A token with critical extensions (`crit`) is rejected, because we know none.
#[derive(Debug)]
pub struct JwtKeySet {
    keys: RwLock<Arc<[JwtKey]>>,
    rules: Validation,
}

impl JwtKeySet {
    /// Accepts tokens that one of these keys verifies.
    pub fn new(keys: impl IntoIterator<Item = JwtKey>) -> Self {
        let rules = Validation { validate_nbf: true, leeway: 10, ..Validation::default() };
        Self { keys: RwLock::new(keys.into_iter().collect()), rules }
    }

    /// Requires that tokens name this audience in `aud`, or another one that is set.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.rules.aud.get_or_insert_default().insert(audience.into());
        self.rules.required_spec_claims.insert("aud".into());
        self
    }

    /// Requires that tokens name this issuer in `iss`, or another one that is set.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.rules.iss.get_or_insert_default().insert(issuer.into());
        self.rules.required_spec_claims.insert("iss".into());
        self
    }

    /// How far a signer's clock may differ from ours, in whole seconds: 10 by default, a day at most. A token is valid for this
    /// time after its `exp` and before its `nbf`.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.rules.leeway = leeway.min(DAY).as_secs();
        self
    }

    /// Also accepts tokens without an `exp`. They are valid until their key is removed.
    #[must_use]
    pub fn without_end(mut self) -> Self {
        self.rules.required_spec_claims.remove("exp");
        self
    }

    /// Replaces the keys, for key rotation. Existing connections stay.
    pub fn replace(&self, keys: impl IntoIterator<Item = JwtKey>) {
        let keys = keys.into_iter().collect();
        *self.keys.write() = keys;
    }

    /// Verifies a token and returns its claims.
    ///
    /// # Errors
    /// 401 and `invalid token`, whatever is wrong with the token.
    pub fn verify<C: DeserializeOwned>(&self, token: &Token) -> Result<Jwt<C>, Reject> {
        self.read(token).map_err(|why| {
            tracing::debug!(why, "a token was refused");
            Reject::unauthorized("invalid token")
        })
    }

    fn read<C: DeserializeOwned>(&self, token: &Token) -> Result<Jwt<C>, &'static str> {
        let header = decode_header(token.expose()).map_err(|error| why(error.kind()))?;
        if header.crit.is_some() {
            return Err("it has critical extensions");
        }
        let keys = Arc::clone(&self.keys.read());
        let mut refused = "it has no key of ours";
        for key in keys.iter().filter(|key| key.is_for(header.kid.as_deref(), header.alg)) {
            let rules = Validation { algorithms: vec![key.algorithm], ..self.rules.clone() };
            match decode::<Box<RawValue>>(token.expose(), &key.key, &rules) {
                Ok(data) => return self.claims(data.claims.get()),
                Err(error) => refused = why(error.kind()),
            }
        }
        Err(refused)
    }

    fn claims<C: DeserializeOwned>(&self, json: &str) -> Result<Jwt<C>, &'static str> {
        let registered: RegisteredClaims = serde_json::from_str(json).map_err(|_| "its claims are malformed")?;
        if registered.aud.0 && self.rules.aud.is_none() {
            return Err(why(&ErrorKind::InvalidAudience));
        }
        let claims = serde_json::from_str(json).map_err(|_| "its claims are not those that are asked for")?;
        let expires_at = registered.exp.and_then(|exp| self.end(&exp));
        Ok(Jwt { claims, expires_at })
    }

    fn end(&self, exp: &serde_json::Number) -> Option<SystemTime> {
        let exp = exp.as_u64().map(Duration::from_secs).or_else(|| Duration::try_from_secs_f64(exp.as_f64()?).ok())?;
        SystemTime::UNIX_EPOCH.checked_add(exp)?.checked_add(Duration::from_secs(self.rules.leeway))
    }
}

/// RFC 7519 allows fractions in `exp`, and the library ignores an `aud` that is neither a text nor a list.
#[derive(Deserialize)]
struct RegisteredClaims {
    exp: Option<serde_json::Number>,
    #[serde(default)]
    aud: Present,
}

#[derive(Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

/// The reason for the log, which must contain nothing of the token.
fn why(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => "its signature is not that of the key",
        ErrorKind::ExpiredSignature => "it has expired",
        ErrorKind::ImmatureSignature => "it has not begun",
        ErrorKind::InvalidAudience => "it is meant for another audience",
        ErrorKind::InvalidIssuer => "it is from another issuer",
        ErrorKind::MissingRequiredClaim(_) => "a claim is missing that is required",
        ErrorKind::InvalidAlgorithm => "its algorithm is another one",
        _ => "it is malformed",
    }
}
