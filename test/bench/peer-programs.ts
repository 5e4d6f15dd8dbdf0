/**
 * restic and kopia, as their makers publish them: Go modules, built once and kept outside of the clone, in `opencbr-bench`
 * below the user's cache folder. (`go install` would refuse them for their replace directives, so the module is fetched,
 * copied and built as the main one.)
 */
import { access, cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './timed-child.ts'

const peers = {
  restic: { module: 'github.com/restic/restic', version: 'v0.18.1', main: './cmd/restic' },
  kopia: { module: 'github.com/kopia/kopia', version: 'v0.22.3', main: '.' },
} as const

export type PeerName = keyof typeof peers

export const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'opencbr-bench')

export const peerVersion = (name: PeerName): string => peers[name].version

/** The program's path; needs the `go` command unless it was built before. */
export async function peerProgram(name: PeerName): Promise<string> {
  const { module, version, main } = peers[name]
  const program = join(cacheFolder, `${name}-${version}`)
  if (await exists(program)) return program
  console.error(`building ${name} ${version}`)
  await mkdir(cacheFolder, { recursive: true })
  const { Dir: fetched } = JSON.parse(await run(['go', 'mod', 'download', '-json', `${module}@${version}`]))
  const source = await mkdtemp(join(tmpdir(), `opencbr-${name}-`))
  try {
    await cp(fetched, source, { recursive: true })
    await run(['chmod', '-R', 'u+w', source]) // the module cache is read-only, and so is a copy of it
    const built = `${program}.new`
    await run(['go', 'build', '-C', source, '-buildvcs=false', '-trimpath', '-o', built, main])
    await rename(built, program)
  } finally {
    await rm(source, { recursive: true, force: true })
  }
  return program
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
