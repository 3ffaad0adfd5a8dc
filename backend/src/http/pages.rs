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

/// How a list by age begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Age {
    /// With what is newest.
    Newest,
    /// With what is oldest.
    Oldest,
}

/// One page of a list of staff, with how many there are in all.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CountedPage<T> {
    /// At most 50.
    pub items: Vec<T>,
    /// How many the filters let through, on all pages.
    pub total: i64,
    /// Give it as `cursor` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Uuid>,
}

impl<T> CountedPage<T> {
    /// The page of `items`, which were read with the limit [`PAGE_ITEMS_MAX`], of `total`.
    pub fn of((items, total): (Vec<T>, i64), id: impl Fn(&T) -> Uuid) -> Self {
        let Page { items, next_cursor } = Page::of(items, id);
        Self {
            items,
            total,
            next_cursor,
        }
    }
}
