/**
 * Brings the clients onto this machine: `node test/clients/install.ts`. What is there already is kept, so that a warm
 * machine spends a second here, and a cold one a minute or two.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  cacheFolder,
  type GoProgram,
  goBinary,
  goPrograms,
  goSdk,
  goTests,
  type PythonSet,
  pythonBinary,
  pythonFolder,
  pythonSets,
} from './tools.ts'

/** Programs of the machine, and the Debian packages that bring them. */
const MACHINE = { go: 'golang-go', python3: 'python3-venv', curl: 'curl', jq: 'jq', 'mkfs.ext4': 'e2fsprogs' } as const

const GO = {
  GOPATH: join(cacheFolder, 'go'),
  GOMODCACHE: join(cacheFolder, 'go', 'mod'),
  GOCACHE: join(cacheFolder, 'go', 'build'),
  GOFLAGS: '-buildvcs=false -modcacherw',
}

export function installClients(): void {
  mkdirSync(cacheFolder, { recursive: true })
  installMachine()
  for (const set of Object.keys(pythonSets) as PythonSet[]) installPython(set)
  installGoTests()
  for (const name of Object.keys(goPrograms) as GoProgram[]) installGoProgram(name)
}

function installMachine(): void {
  const packages = Object.entries(MACHINE)
    .filter(([program]) => !works('sh', ['-c', `PATH=$PATH:/sbin:/usr/sbin command -v ${program}`]))
    .map(([, name]) => name)
  if (works('python3', ['-c', 'import ensurepip'])) {
    if (packages.length === 0) return
  } else packages.push(MACHINE.python3)
  run('apt-get', ['-q', 'update'])
  run('apt-get', ['-q', 'install', '-y', '--no-install-recommends', ...new Set(packages)], {
    DEBIAN_FRONTEND: 'noninteractive',
  })
}

/** The mark is written last: an installation that was cut short is done again. */
function installPython(set: PythonSet): void {
  const mark = join(pythonFolder(set), 'installed.txt')
  const wanted = pythonSets[set].join('\n')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted && works(pythonBinary(set, 'python'), ['-V'])) return
  console.log(`installing ${pythonSets[set].join(', ')}`)
  rmSync(pythonFolder(set), { recursive: true, force: true })
  run('python3', ['-m', 'venv', pythonFolder(set)])
  run(pythonBinary(set, 'pip'), ['install', '-q', ...pythonSets[set]])
  writeFileSync(mark, wanted)
}

function installGoTests(): void {
  if (existsSync(goTests)) return
  const folder = goModule(goSdk)
  console.log(`compiling the acceptance tests of ${goSdk.module} ${goSdk.version}`)
  run('go', ['test', '-c', '-o', goTests, './acceptance/openstack/cbr/v3'], GO, folder)
}

function installGoProgram(name: GoProgram): void {
  if (existsSync(goBinary(name))) return
  const { path, ...module } = goPrograms[name]
  const folder = goModule(module)
  console.log(`compiling ${name} ${module.version}`)
  run('go', ['build', '-o', goBinary(name), path], GO, folder)
}

/** A folder of Go's cache, where nothing is written: what is in it is compiled as it is, and runs from anywhere. */
function goModule({ module, version }: { readonly module: string; readonly version: string }): string {
  mkdirSync(GO.GOPATH, { recursive: true })
  run('go', ['mod', 'download', `${module}@${version}`], GO, GO.GOPATH)
  return join(GO.GOMODCACHE, `${module}@${version}`)
}

const works = (program: string, words: readonly string[]): boolean =>
  spawnSync(program, words, { stdio: 'ignore' }).status === 0

function run(program: string, words: readonly string[], environment: object = {}, cwd: string = cacheFolder): void {
  const { status, error } = spawnSync(program, words, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) throw new Error(`${program} ${words.join(' ')} failed`, { cause: error ?? status })
}

if (import.meta.main) installClients()
