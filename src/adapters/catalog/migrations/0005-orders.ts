import type { Migration } from './migration.ts'

/** The order that shaped a vault of a subscription last. */
export const orders: Migration = ({ text }) => [`alter table vault add column order_id ${text}`]
