const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether this can be an id of ours at all: a lower-case dashed UUID. Nothing else is ever looked up. */
export const isUuid = (text: string): boolean => UUID.test(text)
