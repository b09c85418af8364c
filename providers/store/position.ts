/** A place in a list that is ordered by creation and then by id. `at` is Unix milliseconds. */
export interface Position {
  at: number;
  id: string;
}

/** Bounds of creation times, Unix milliseconds. */
export interface CreatedRange {
  gt?: number | undefined;
  gte?: number | undefined;
  lt?: number | undefined;
  lte?: number | undefined;
}

/** A part of a list, and where the next part starts: after the last item; null at the end. */
export interface Slice<Item> {
  items: Item[];
  next: Position | null;
}
