//! The files that `channels![..; client = "..", asyncapi = "..", schemas = ".."]` names.

use super::asyncapi::asyncapi;
use super::schema::schemas;
use super::typescript::typescript;
use crate::protocol::describe::Description;
use crate::protocol::lock::{Generated, Generator, Kind};

/// For the expansion of `channels![..]`.
pub const GENERATOR: Option<Generator> = Some(generate);

fn generate(description: &Description, file: &Generated) -> Result<String, String> {
    let client = typescript(description);
    let client = if file.bigint { client.bigint() } else { client };
    let path = format!("./{}", file.client);
    let text = match file.kind {
        Kind::TypeScript => client.typescript(),
        Kind::JavaScript => client.javascript(),
        Kind::Declarations => client.declarations(),
        Kind::React => Ok(client.react(&path)),
        Kind::ReactJavaScript => Ok(client.react_javascript()),
        Kind::ReactDeclarations => Ok(client.react_declarations(&path)),
        Kind::AsyncApi => asyncapi(description).json(),
        Kind::Schemas => schemas(description).json(),
    };
    text.map_err(|error| error.to_string())
}
