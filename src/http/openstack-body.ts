/** Reads the fields of a JSON body that no published schema describes. Every wrong one is the caller's fault. */
import { MOST_ROWS } from '../contract/paging.ts'
import type { Page } from '../ports/catalog/listing.ts'

/** Says what is wrong with which field; each service refuses in its own way. */
export type Complain = (message: string) => never

export type Fields = Readonly<Record<string, unknown>>

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Any JSON value; U+0000 is refused, since no engine stores it. */
export function jsonOf(body: unknown, complain: Complain): unknown {
  if (!(body instanceof Uint8Array) || body.length === 0) complain('the body is missing')
  try {
    const text = decoder.decode(body)
    if (/\\u0000/i.test(text)) complain('the body has a character U+0000')
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) complain('the body is not JSON')
    throw error
  }
}

export function objectOf(value: unknown, what: string, complain: Complain): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) complain(`${what} must be an object`)
  return value as Fields
}

/** Undefined where it is absent, null or empty. */
export function textOf(fields: Fields, name: string, longest: number, complain: Complain): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') complain(`${name} must be a string`)
  if (value.length > longest) complain(`${name} has ${value.length} characters; ${longest} are allowed`)
  return value
}

/** A list of texts; empty where it is absent. */
export function textsOf(fields: Fields, name: string, most: number, complain: Complain): readonly string[] {
  const value = fields[name] ?? []
  if (!Array.isArray(value) || value.length > most) complain(`${name} must be a list of at most ${most} strings`)
  return value.map((text: unknown) => {
    if (typeof text !== 'string' || text.length > 255) complain(`${name} must hold strings of at most 255 characters`)
    return text
  })
}

/** One value of a query, the first where it is repeated; undefined where it is absent or empty. */
export const queryText = (query: unknown, name: string, complain: Complain): string | undefined =>
  queryTexts(query, name, complain)[0]

/** All values of a parameter that may be repeated; empty ones count as not given. */
export function queryTexts(query: unknown, name: string, complain: Complain): readonly string[] {
  const texts = [(query as Readonly<Record<string, unknown>>)[name]].flat().filter(value => typeof value === 'string')
  if (texts.some(text => text.includes('\0'))) complain(`${name} has a character U+0000`)
  return texts.filter(text => text !== '')
}

/** A whole number from 0; `fallback` where it is absent. */
export function queryNumber(query: unknown, name: string, fallback: number, complain: Complain): number {
  const text = queryText(query, name, complain)
  if (text === undefined) return fallback
  if (!/^\d{1,9}$/.test(text)) complain(`${name} must be a whole number, not ${text}`)
  return Number(text)
}

/** `limit`, `offset` and `marker` of our own lists: as those of the contract's, but that no limit is less than 1. */
export function queryPage(query: unknown, complain: Complain): Page {
  const limit = Math.min(Math.max(queryNumber(query, 'limit', MOST_ROWS, complain), 1), MOST_ROWS)
  const marker = queryText(query, 'marker', complain)
  return { limit, offset: queryNumber(query, 'offset', 0, complain), ...(marker !== undefined && { after: marker }) }
}
