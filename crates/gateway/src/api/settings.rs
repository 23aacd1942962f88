//! How the server is set up, for administrators.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Gateway;
use crate::auth::Admin;
use crate::extract::Json;

/// The settings in force. No secret is among them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingsInForce {
    /// The `gateway` section.
    #[schema(value_type = Object)]
    gateway: crate::Settings,
    /// The `knowledge` section.
    #[schema(value_type = Object)]
    knowledge: knowledge::Settings,
    /// Name and version of the embedding model; null when search runs on keywords alone.
    embedding_model: Option<String>,
    /// How passwords are hashed.
    password_hash: String,
}

/// The settings in force.
#[utoipa::path(get, path = "/api/admin/settings", tag = "admin", responses((status = 200, body = SettingsInForce)))]
pub(crate) async fn get(State(gateway): State<Gateway>, _: Admin) -> Json<SettingsInForce> {
    Json(SettingsInForce {
        gateway: gateway.settings().clone(),
        knowledge: gateway.knowledge().settings().clone(),
        embedding_model: gateway.knowledge().model_name().map(ToOwned::to_owned),
        password_hash: crate::auth::password_parameters(),
    })
}
