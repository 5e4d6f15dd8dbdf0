/** Which slice of a listing. `after` is the id of the last row of the previous page; an unknown one gives no rows. */
export interface Page {
  /** 1 to 1000. */
  readonly limit: number
  readonly offset: number
  readonly after?: string
}

export interface Order<K extends string> {
  readonly key: K
  readonly descending: boolean
}

/** `total` counts all that match the filter, not the slice. */
export interface Listing<T> {
  readonly rows: readonly T[]
  readonly total: number
}
