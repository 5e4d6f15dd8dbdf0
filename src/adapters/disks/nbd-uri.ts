import { Fault } from '../../ports/fault.ts'

/** Where an NBD server listens, and which of its exports is meant. */
export interface NbdAddress {
  readonly at: { readonly path: string } | { readonly host: string; readonly port: number }
  readonly exportName: string
}

const NBD_PORT = 10_809

/**
 * `nbd://host[:port]/name` and `nbd+unix:///name?socket=/path`, as the protocol's doc/uri.md has them. Anything else is a
 * Fault `denied`: this is an address the operator wrote, and a part of it that is not understood may have been meant to
 * protect it.
 */
export function nbdAddress(uri: string): NbdAddress {
  const parsed = URL.parse(uri) ?? refuse(uri, 'it is no URI')
  const exportName = decoded(uri, parsed.pathname.replace(/^\//, ''))
  if (parsed.username !== '' || parsed.password !== '' || parsed.hash !== '')
    refuse(uri, 'user and fragment mean nothing')
  const parameters = [...parsed.searchParams.keys()]
  if (parsed.protocol === 'nbd:') {
    if (parsed.hostname === '') refuse(uri, 'it names no host')
    if (parameters.length > 0) refuse(uri, `nothing is known of ${parameters.join(', ')}`)
    const port = parsed.port === '' ? NBD_PORT : Number(parsed.port)
    return { at: { host: parsed.hostname.replace(/^\[|\]$/g, ''), port }, exportName }
  }
  if (parsed.protocol !== 'nbd+unix:') refuse(uri, 'only nbd:// and nbd+unix:// are understood')
  const [, socket] = /[?&]socket=([^&#]*)/.exec(uri) ?? []
  const path = decoded(uri, socket ?? '')
  if (parsed.host !== '' || parameters.join() !== 'socket' || !path.startsWith('/') || path.includes('\0'))
    refuse(uri, 'it must be nbd+unix:///name?socket=/absolute/path')
  return { at: { path }, exportName }
}

function decoded(uri: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse(uri, 'it is not encoded as URIs are')
  }
}

function refuse(uri: string, why: string): never {
  throw new Fault('denied', `not the address of an NBD export: ${JSON.stringify(uri)} (${why})`)
}
