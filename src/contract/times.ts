/** Timestamps on the wire (semantics 1.4). */

/** `2020-02-05T10:38:34.210+00:00` */
export const asTimestamp = (at: Date): string => at.toISOString().replace('Z', '+00:00')

/** `protected_at` alone keeps the Z: one vendor SDK types it as a date. */
export const asProtectedAt = (at: Date): string => at.toISOString()
