/**
 * Where packs, index segments and manifests lie: named, immutable objects.
 *
 * Promises every adapter keeps (its suite: adapters/object-store/suite.ts):
 * - `put` has made the object durable, whole, under its final name when it resolves (file and folder fsynced); a crash
 *   before that leaves no object under that name. An object is never changed: a second `put` of a key replaces it whole.
 * - A key is `/`-separated segments of `[a-z0-9._-]`, never empty, `.` or `..`. A prefix is the beginning of a key, cut
 *   anywhere. Anything else is a bug, and a RangeError. Nobody uses a key that is a prefix folder of another: a store that
 *   cannot have both refuses the second (Fault `conflict`), others have both.
 * - A missing object is a Fault `missing`; a full store a Fault `full`, and leaves nothing behind.
 * - `list` yields in ascending key order all objects that existed throughout the listing.
 * - `remove` of a missing key succeeds. Removal is durable when it resolves.
 */
export interface ObjectStore {
  put(key: string, parts: readonly Uint8Array[]): Promise<void>
  /**
   * As `put`, but never replaces: false when there is such an object. Of concurrent calls for one key, in whatever
   * processes, exactly one is answered true, and only after that are the others answered.
   */
  putNew(key: string, parts: readonly Uint8Array[]): Promise<boolean>
  /** The whole object. */
  get(key: string): Promise<Buffer>
  /** Exactly `length` bytes from `offset`; a range past the end is a Fault `corrupt`. */
  getRange(key: string, offset: number, length: number): Promise<Buffer>
  list(prefix: string): AsyncIterable<StoredObject>
  remove(keys: readonly string[]): Promise<void>
  /** Bytes all objects under the prefix take. */
  usage(prefix: string): Promise<number>
  /**
   * Deletes what interrupted writes left behind that were last at work before then: the moment of the start for who is
   * alone with the store, hours ago for who may not be. Called once at start.
   */
  sweepInterrupted(before: Date): Promise<void>
  /** Undefined where the store cannot refuse what it is asked. */
  readonly retention?: Retention
  close(): Promise<void>
}

/** Of a store that keeps objects by its own clock, from everybody: object lock. */
export interface Retention {
  /**
   * Keeps the objects until then, durably; until then `remove` of them is a Fault `denied`. Never shortens; Infinity is as
   * long as the store can. A missing object is a Fault `missing`.
   */
  keep(keys: readonly string[], until: number): Promise<void>
  /** Those of the keys whose objects are kept at this moment; a missing one is not. */
  kept(keys: readonly string[]): Promise<ReadonlySet<string>>
}

export interface StoredObject {
  readonly key: string
  readonly bytes: number
}
