// What is changed in the catalog at a time; nothing else runs meanwhile.
const pageSize = 100;

/** A long list in parts that are small enough to be dealt with at one stroke. */
export function* pagesOf<Item>(items: Iterable<Item>, size = pageSize): Generator<Item[], void> {
  let page: Item[] = [];
  for (const item of items) {
    page.push(item);
    if (page.length < size) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
