//! How the product stands to its service levels, for administrators.

use axum::extract::State;
use slo::standing::Standing;

use crate::Gateway;
use crate::auth::Admin;
use crate::extract::Json;

/// The figures of the last hour against their targets, and what is left of the error budgets, of all gateways together.
#[utoipa::path(get, path = "/api/admin/slo", tag = "admin",
    responses((status = 200, body = Object, description = "`status` of all together: `PASS`, `MARGINAL`, `FAIL` or `MISSING`; \
        `figures` with what was `measured`, the `target`, the `status`, and whether it `is_critical`; `budgets` with what is \
        `left` (1 to below 0), how fast it `burns` in each window, and how urgent (`severity`) that is.")))]
pub(crate) async fn standing(State(gateway): State<Gateway>, _: Admin) -> Json<Standing> {
    Json(gateway.watch().standing(gateway.store().clock().now()))
}
