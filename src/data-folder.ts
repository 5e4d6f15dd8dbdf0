/** The data directory: made at the first start, and what a start without a configuration puts into it. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from './ports/fault.ts'
import type { Log } from './ports/log.ts'

/** Fault `denied` when it cannot be made or written into. */
export async function openDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(join(folder, 'disks'), { recursive: true, mode: 0o700 })
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
