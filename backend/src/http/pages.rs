//! Lists: keyset cursors. A cursor is the last id of the page before it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Items of one page: more would only make a phone wait.
pub const PAGE_ITEMS_MAX: i64 = 50;

/// Where to go on.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<Uuid>,
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    /// At most 50; orders and tickets newest first, matches as they were made.
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Uuid>,
}

impl<T> Page<T> {
    /// The page of `items`, which were read with the limit [`PAGE_ITEMS_MAX`].
    pub fn of(items: Vec<T>, id: impl Fn(&T) -> Uuid) -> Self {
        let is_full = i64::try_from(items.len()).is_ok_and(|count| count >= PAGE_ITEMS_MAX);
        let next_cursor = if is_full { items.last().map(id) } else { None };
        Self { items, next_cursor }
    }
}
