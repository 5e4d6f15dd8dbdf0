/** One HTTP request of the client: its failures are told apart here, and nowhere else. */
import { STATUS_CODES } from 'node:http'
import { ClientFailure, Refused, Unanswered } from './failures.ts'
import { nextStep } from './next-steps.ts'

export interface Outgoing {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
}

/** The answer, if it is a good one; its body is unread. Refused, or ClientFailure where nobody answers. */
export async function send(url: string, { method = 'GET', headers = {}, body }: Outgoing = {}): Promise<Response> {
  const response = await reach(url, {
    method,
    headers: { 'user-agent': 'opencbr', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    // Another address would get the token too.
    redirect: 'manual',
    ...(body !== undefined && { body }),
  })
  if (!response.ok) throw refusalFrom(response, await textOf(response, url))
  return response
}

/** The body of an answer, which may break off. */
export async function textOf(response: Response, url: string): Promise<string> {
  try {
    return await response.text()
  } catch (cause) {
    throw unanswered(url, cause)
  }
}

/** Undefined for an empty body. */
export async function jsonOf(response: Response, url: string): Promise<unknown> {
  const text = await textOf(response, url)
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ClientFailure(`what ${new URL(url).origin} answered is not JSON: is it an OpenCBR service?`, { cause })
  }
}

export function unanswered(url: string, cause: unknown): Unanswered {
  const reason = cause instanceof Error ? cause.cause : undefined
  const code =
    reason instanceof Error && 'code' in reason
      ? String(reason.code)
      : reason instanceof Error
        ? reason.message
        : String(cause)
  const next = 'see whether the service runs, and whether the address is right: opencbr login --auth-url'
  return new Unanswered(`${new URL(url).origin} does not answer (${code})`, { next, cause })
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new ClientFailure(`${url} is no http or https URL`)
  try {
    return await fetch(url, init)
  } catch (cause) {
    throw unanswered(url, cause)
  }
}

/** CBR's errors are flat, Keystone's and Cinder's lie one level down, Glance's are small pages. */
function refusalFrom({ status, headers }: Response, text: string): Refused {
  const fields = fieldsOf(text)
  const inner = Object.values(fields).find(value => typeof value === 'object' && value !== null) ?? {}
  const message = textIn(fields, 'error_msg') ?? textIn(inner, 'message') ?? wordsOf(text)
  const code = textIn(fields, 'error_code') ?? (status === 401 ? 'OpenCBR.0401' : '')
  return new Refused({
    status,
    code,
    message: message || `the answer was ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd(),
    requestId: textIn(fields, 'request_id') ?? headers.get('x-request-id') ?? '',
    next: nextStep(code),
  })
}

function fieldsOf(text: string): object {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? body : {}
  } catch {
    return {} // a page, or nothing
  }
}

function textIn(fields: object, name: string): string | undefined {
  const value = (fields as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** What a page says under its heading. */
const wordsOf = (page: string): string =>
  page
    .replace(/^[\s\S]*<\/h1>/, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 500)
