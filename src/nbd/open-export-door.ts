/**
 * The NBD server: instant access to backups, for as long as their session's row allows it (control/export/). Sessions
 * live in this process and end with it; their rows are given back when it stops, and by others when it has died.
 */
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { endExports, keepExports, renewExports } from '../control/export/keep-exports.ts'
import type { ExportSessionRecord } from '../ports/catalog/export-session.ts'
import type { ExportDoor } from '../ports/export-door.ts'
import type { Ports } from '../ports/ports.ts'
import { blockCache } from './block-cache.ts'
import { openEntrances } from './entrances.ts'
import { backupDisk, type ExportDisk } from './export-disk.ts'
import { type ExportSettings, removeSocket } from './listeners.ts'
import { openOverlay } from './overlay.ts'
import { openSession, type Session } from './session.ts'
import { watch } from './watch.ts'

export interface DoorParts extends Pick<Ports, 'catalog' | 'now' | 'log' | 'backupBytes'> {
  /** Sockets and overlays lie in folders of it. */
  readonly dataDir: string
  readonly settings: ExportSettings
  /** No other process has this catalog: what others hold is left over. */
  readonly alone: boolean
  /** Grows with every change of the catalog by this process. */
  readonly changes: () => number
}

/** 64 MiB, over all sessions. */
const CACHED_BLOCKS = 256
const LOOK_EVERY_MS = 1000
const RENEW_EVERY_MS = 20_000
/** A session whose row has not been seen for this long never will be. */
const ENTER_MS = 60_000

export interface OpenExportDoor extends ExportDoor {
  /** Cuts everybody off, and gives this process's sessions back. */
  stop(): Promise<void>
}

/** Fault: the folder for sockets cannot be used, or the catalog does not answer. */
export async function openExportDoor(parts: DoorParts): Promise<OpenExportDoor> {
  const holder = `exports/${crypto.randomUUID()}`
  const folder = await socketFolder(parts)
  const sessions = new Map<string, Session>()
  const cache = blockCache(CACHED_BLOCKS)
  const { allowed } = watch({
    look: () => keepExports(parts, { holder, alone: parts.alone }),
    changes: parts.changes,
  })
  const find = async (id: string): Promise<Session | undefined> => {
    const session = sessions.get(id)
    return session && (await session.admits()) ? session : undefined
  }
  const entrances = openEntrances({ folder, settings: parts.settings, now: parts.now, log: parts.log, find })

  const close = async (id: string): Promise<void> => {
    const session = sessions.get(id)
    sessions.delete(id)
    await session?.end()
  }
  const look = async () => {
    const going = await allowed()
    for (const [id, session] of sessions) {
      session.entered ||= going.has(id)
      const never = !session.entered && performance.now() - session.openedAt > ENTER_MS
      if (never || (session.entered && !going.has(id))) await close(id)
    }
  }
  const timers = [
    every(parts, LOOK_EVERY_MS, () => (sessions.size > 0 ? look() : undefined)),
    every(parts, RENEW_EVERY_MS, async () => {
      if (sessions.size > 0) await renewExports(parts, holder)
      await look() // also at what other processes left
    }),
  ]
  await look()

  return {
    holder,
    async open(record, source) {
      const backup = backupDisk(await parts.backupBytes.open(source), source.backupId, cache)
      const disk = record.overlay ? await writable(parts, record, backup) : backup
      const session = openSession(disk, async () => (await allowed()).has(record.id))
      sessions.set(record.id, session)
      try {
        return await entrances.open(session, record)
      } catch (error) {
        await close(record.id)
        throw error
      }
    },
    close,
    async stop() {
      timers.forEach(clearInterval)
      await Promise.all([...sessions.keys()].map(close))
      await entrances.close()
      await endExports(parts, holder)
    },
  }
}

async function socketFolder({ dataDir, alone }: DoorParts): Promise<string> {
  const folder = join(dataDir, 'exports')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (alone) for (const left of await readdir(folder)) await removeSocket(join(folder, left))
  return folder
}

async function writable({ dataDir }: DoorParts, { id }: ExportSessionRecord, disk: ExportDisk): Promise<ExportDisk> {
  const folder = join(dataDir, 'overlays')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return openOverlay(disk, join(folder, id))
}

function every({ log }: DoorParts, milliseconds: number, work: () => Promise<void> | undefined) {
  return setInterval(async () => {
    try {
      await work()
    } catch (error) {
      log.warn({ err: error }, 'exports could not be looked after; trying again')
    }
  }, milliseconds)
}
