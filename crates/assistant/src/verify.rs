//! Verifying citations: whatever answered, a quote that is not in its document is not shown.

use crate::select::{Quote, Selection};

/// The selection without quotes that are not, byte for byte, the text of their passage at the cited place.
/// Nothing left means that the documents did not answer.
pub(crate) fn verified(mut selection: Selection) -> Selection {
    selection.quotes.retain(|quote| {
        let holds = holds(quote);
        if !holds {
            tracing::error!(document = %quote.passage.document_id, start = quote.start, "left out a quote that is not in its document");
        }
        holds
    });
    selection.grounded &= !selection.quotes.is_empty();
    selection
}

fn holds(quote: &Quote) -> bool {
    let passage = &quote.passage;
    let local = |offset: usize| offset.checked_sub(passage.start);
    let range = local(quote.start).zip(local(quote.end));
    range.and_then(|(start, end)| passage.text.get(start..end)) == Some(quote.text.as_str()) && !quote.text.is_empty()
}
