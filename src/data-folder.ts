/** The data directory: made at the first start, and what a start without a configuration puts into it. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Fault } from './ports/fault.ts'
import type { Log } from './ports/log.ts'

/** Fault `denied` when it cannot be made or written into. */
export async function openDataFolder(folder: string): Promise<void> {
  try {
    await makeFolder(join(folder, 'disks'))
    await access(folder, constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new Fault(
      'denied',
      `the data directory ${folder} cannot be used (${(cause as NodeJS.ErrnoException).code})`,
      {
        cause,
      },
    )
  }
}

/** Fault `missing` when no service has ever run on it: a mistyped folder is not to be filled with an empty store. */
export async function checkDataFolder(folder: string): Promise<void> {
  try {
    await access(join(folder, 'disks'), constants.F_OK)
  } catch (cause) {
    throw new Fault('missing', `${folder} is no data directory`, { cause })
  }
}

/** With its parents. Not mkdir's `recursive`, which never ends where a parent takes no folders (/proc). */
async function makeFolder(folder: string): Promise<void> {
  const make = () => mkdir(folder, { mode: 0o700 })
  try {
    await make()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return
    if (code !== 'ENOENT') throw error
    await makeFolder(dirname(folder))
    await make()
  }
}

/**
 * Accounts of a service that nobody has configured: one domain, one project, one user who may everything there. The
 * password is made at the first start and lies in the data directory, readable for its owner only.
 */
export async function firstSettings(folder: string, log: Log) {
  const file = join(folder, 'admin-password')
  const password = (await existing(file)) ?? (await made(file))
  log.info(
    { domain: 'default', project: 'default', user: 'admin', passwordFile: file },
    'no accounts are configured; there is one user',
  )
  return {
    domains: [
      {
        name: 'default',
        projects: [{ name: 'default' }],
        users: [{ name: 'admin', password, roles: { default: ['CBR FullAccess'] } }],
      },
    ],
  }
}

async function existing(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Fault('denied', `${file} cannot be read`, { cause: error })
  }
}

/** Under its name only once it is whole: a crash in between leaves no empty password. */
async function made(file: string): Promise<string> {
  const password = randomBytes(18).toString('base64url')
  await using handle = await open(`${file}.new`, 'w', 0o600)
  await handle.writeFile(`${password}\n`)
  await handle.sync()
  await rename(`${file}.new`, file)
  return password
}
