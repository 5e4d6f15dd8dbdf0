/**
 * Keys per realm. A realm is the space within which chunks are deduplicated: one project. The master key wraps the
 * realm's keys; destroying a realm's keys makes all its bytes unreadable for ever.
 */
export interface RealmKeys {
  /** 32 bytes: names chunks, keyed, so that a name tells nothing about content to who lacks the key. */
  readonly chunkNaming: Uint8Array
  /** 32 bytes: the root from which each pack's, index segment's and manifest's encryption key is derived. */
  readonly sealing: Uint8Array
}

export interface Keyring {
  /** The realm's keys, made at the first call (durable before it resolves); concurrent first calls agree on one. */
  open(realm: string): Promise<RealmKeys>
  /** Keeps the stored keys until then, for ever without a date, where the store can (ObjectStore.retention). */
  retain(realm: string, until: Date | undefined): Promise<void>
  /** Forgets the realm's keys durably. */
  destroy(realm: string): Promise<void>
}
