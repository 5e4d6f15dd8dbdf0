/** The service as its client sees it: every operation of the contract by name, and what goes beyond the contract by URL. */
import { type OperationId, type Operations, operations } from '../contract/operations.gen.ts'
import { MOST_ROWS } from '../contract/paging.ts'
import { ClientFailure } from './failures.ts'
import { jsonOf, type Outgoing, send } from './send.ts'
import type { Session } from './session.ts'

type Path<O extends OperationId> = Omit<Operations[O]['path'], 'project_id'>
export type Query<O extends OperationId> = {
  readonly [K in keyof Operations[O]['query']]?: Operations[O]['query'][K] | undefined
}

/** What an operation takes; the project is the session's. */
export type Given<O extends OperationId> = (keyof Path<O> extends never ? unknown : { readonly path: Path<O> }) &
  (Operations[O]['body'] extends undefined ? unknown : { readonly body: Operations[O]['body'] }) & {
    readonly query?: Query<O>
  }

export interface Cbr {
  readonly session: Session
  call<O extends OperationId>(operation: O, given: Given<O>): Promise<Operations[O]['answer']>
  /** `{project_id}` is the session's. The caller says what comes back. */
  ask<T>(method: string, path: string, body?: object | Uint8Array<ArrayBuffer>): Promise<T>
  /** An answer whose body is read by the caller. */
  open(path: string, outgoing?: Outgoing): Promise<Response>
}

export function openCbr(session: Session): Cbr {
  const urlOf = (path: string): string => session.url + path.replace('{project_id}', session.project.id)
  const open: Cbr['open'] = (path, { headers, ...rest } = {}) =>
    send(urlOf(path), { ...rest, headers: { 'x-auth-token': session.token, ...headers } })
  const ask: Cbr['ask'] = async <T>(method: string, path: string, body?: object | Uint8Array<ArrayBuffer>) => {
    const bytes = body instanceof Uint8Array || body === undefined ? body : JSON.stringify(body)
    const response = await open(path, { method, ...(bytes !== undefined && { body: bytes }) })
    return (await jsonOf(response, urlOf(path))) as T
  }
  return {
    session,
    open,
    ask,
    call: (operation, given) => {
      const { method, path } = operations[operation]
      const parts = given as { path?: Readonly<Record<string, string>>; body?: object; query?: object }
      return ask(method, filled(path, parts.path ?? {}) + searchOf(parts.query ?? {}), parts.body)
    },
  }
}

const filled = (path: string, values: Readonly<Record<string, string>>): string =>
  path.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    return value === undefined ? whole : encodeURIComponent(value)
  })

/** Empty where nothing is asked; a list is repeated. */
export function searchOf(query: object): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one))
  return search.size > 0 ? `?${search}` : ''
}

/** All rows of a list, however many pages it has. */
export async function everyPage<T extends { readonly id?: string }>(
  pageAfter: (page: {
    readonly limit: number
    readonly marker: string | undefined
  }) => Promise<readonly T[] | undefined>,
  most: number = MOST_ROWS,
): Promise<readonly T[]> {
  const all: T[] = []
  for (;;) {
    const rows = (await pageAfter({ limit: most, marker: all.at(-1)?.id })) ?? []
    all.push(...rows)
    if (rows.length < most) return all
  }
}

/** What an answer must have to be one. */
export function had<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new ClientFailure(`the service answered without ${what}`)
  return value
}
