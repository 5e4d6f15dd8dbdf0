/** Instant access: sessions in which NBD clients read a disk of a backup where it lies. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Cbr } from '../client/cbr.ts'
import { searchOf } from '../client/cbr.ts'
import { UsageFailure } from '../client/failures.ts'
import { onDisk } from '../client/files.ts'
import type { Export, NewExport } from '../contract/opencbr-api.ts'
import { backupId, oneDisk } from './find.ts'
import { detailed, listed, moment, type Shown, said, size } from './shown.ts'
import { wholeNumber } from './values.ts'
import { noun, verb } from './verb.ts'

interface StartOptions {
  readonly disk?: string
  readonly tcp: boolean
  readonly trust?: string
  readonly overlay: boolean
  readonly hours: number
  readonly uri: boolean
}

const EXPORTS = '/opencbr/v1/{project_id}/exports'

export function addExportCommands(program: Command): void {
  const parent = noun(program, 'export', 'instant access: a disk of a backup over NBD, with nothing copied')
  verb(parent, 'start <backup>', 'begin a session, and tell how to get in', startExport)
    .option('--disk <disk>', "which disk of a server's backup")
    .option('--tcp', "over TCP with TLS; without it a socket on the service's machine", false)
    .option('--trust <folder>', "with --tcp: where the server's certificate is put for clients (ca-cert.pem)")
    .option('--overlay', 'it takes writes, which are gone when it ends', false)
    .option('--hours <number>', 'how long it lasts', wholeNumber, 24)
    .option('--uri', 'print the URI and nothing else', false)
  verb(parent, 'list', 'the sessions of the project', async (cbr, { backup }: { readonly backup?: string }) => {
    const of = backup === undefined ? undefined : await backupId(cbr, backup)
    const { exports } = await cbr.ask<{ exports: readonly Export[] }>('GET', EXPORTS + searchOf({ backup_id: of }))
    return listed(exports, columns)
  }).option('--backup <backup>', 'of this disk backup')
  verb(parent, 'show <id>', 'one session', async (cbr, id: string) => {
    const { export: session } = await cbr.ask<{ export: Export }>('GET', `${EXPORTS}/${encodeURIComponent(id)}`)
    return detailed(session, facts(session))
  })
  verb(parent, 'end <id>', 'end a session; its clients are cut off', async (cbr, id: string) => {
    await cbr.ask('DELETE', `${EXPORTS}/${encodeURIComponent(id)}`)
    return said(`the session ${id} has ended`, { id })
  })
}

const columns = {
  id: (session: Export) => session.id,
  backup: (session: Export) => session.backup_id,
  over: (session: Export) => session.listen,
  overlay: (session: Export) => (session.overlay ? 'yes' : ''),
  size: (session: Export) => size(session.size_bytes),
  until: (session: Export) => moment(session.expires_at),
}

const facts = (session: Export) => ({
  session: session.id,
  backup: session.backup_id,
  over: session.listen,
  overlay: session.overlay ? 'writes go into the session, and with it' : undefined,
  size: size(session.size_bytes),
  until: moment(session.expires_at),
})

async function startExport(cbr: Cbr, given: string, options: StartOptions): Promise<Shown> {
  const { trust, tcp, hours, overlay } = options
  if (trust !== undefined && !tcp) throw new UsageFailure('--trust goes with --tcp')
  const { id } = await oneDisk(cbr, given, options.disk)
  const order = { listen: tcp ? 'tcp' : 'unix', overlay, expires_in: hours * 3600 }
  const path = `/opencbr/v1/{project_id}/backups/${id}/exports`
  const { export: begun } = await cbr.ask<{ export: NewExport }>('POST', path, order)
  const session = trust === undefined ? begun : { ...begun, uri: await trusting(begun, trust) }
  if (options.uri) return said(session.uri, session)
  return detailed(session, { uri: session.uri, ...facts(session) })
}

/** The URI with which libnbd's programs find the certificate. */
async function trusting({ uri, certificate = '' }: NewExport, folder: string): Promise<string> {
  await onDisk(async () => {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'ca-cert.pem'), certificate)
  })
  return `${uri}?tls-certificates=${encodeURIComponent(resolve(folder))}`
}
