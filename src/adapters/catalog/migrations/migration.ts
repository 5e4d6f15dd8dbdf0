/** How the engines name the three kinds of columns, and what stands behind a table. */
export interface ColumnTypes {
  /** Compares and sorts by code point, whatever the database's locale. */
  readonly text: string
  /** Whole numbers to 2^53. */
  readonly whole: string
  readonly flag: string
  readonly tableEnd: string
}

/** Numbered from 1, forward only, never changed once released; its statements run in one transaction. */
export type Migration = (types: ColumnTypes) => readonly string[]
