// Runs the tests. `npm test`: every suite that finds what it needs here; `npm run test:live`: those that need a service,
// and then none may lack it. A live suite says in a comment what it needs: `// Needs PG_URL, qemu-nbd.` (variables of the
// environment, programs). `--clients`: the suites that test/clients/run.ts brings the programs for. Further words pick
// suites by a part of their path. One line per file, what fails in full, a line per suite that was skipped, and why. A
// file or a run without tests is a failure.
import { accessSync, constants, globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'

interface Suite {
  readonly file: string
  /** What a live suite needs and is not there. */
  readonly lacking: readonly string[]
}

interface Outcome {
  readonly file: string
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly string[]
}

const root = resolve(import.meta.dirname, '..')
const FLAGS = ['--experimental-ffi', '--disable-warning=ExperimentalWarning']

const PATTERNS = { usual: ['src/**/*.test.ts', 'test/**/*.test.ts'], clients: ['test/clients/suites/*.ts'] } as const

function suites(patterns: readonly string[], wanted: readonly string[], liveOnly: boolean): readonly Suite[] {
  return globSync([...patterns], { cwd: root })
    .filter(file => wanted.length === 0 || wanted.some(part => file.includes(part)))
    .filter(file => !liveOnly || isLive(file))
    .sort()
    .map(file => ({ file, lacking: isLive(file) ? lackingOf(file) : [] }))
}

const isLive = (file: string): boolean => file.endsWith('.live.test.ts')

function lackingOf(file: string): readonly string[] {
  const [, needs] =
    /^(?:\/\/| \*) Needs (?:programs: )?([\w, -]+)/m.exec(readFileSync(resolve(root, file), 'utf8')) ?? []
  if (needs === undefined) throw new Error(`${file} does not say what it needs`)
  return needs.split(/[, ]+/).filter(name => !(/^[A-Z][A-Z0-9_]*$/.test(name) ? process.env[name] : isProgram(name)))
}

function isProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false // not in this folder
    }
  })
}

/** Each file is a process of its own. */
async function runFile(file: string): Promise<Outcome> {
  const path = resolve(root, file)
  const skipped: string[] = []
  let [passed, failed] = [0, 0]
  for await (const { type, data } of run({ files: [path], execArgv: FLAGS })) {
    if (type === 'test:stdout' || type === 'test:stderr') process.stdout.write(data.message)
    if (type === 'test:fail') {
      failed += 1
      console.log(`FAIL ${file}: ${data.name}\n${inspect(data.details.error.cause ?? data.details.error)}\n`)
    }
    // A file that holds no test is reported as one test, and a group of tests as one more.
    if (type !== 'test:pass' || data.details.type === 'suite' || resolve(root, data.name) === path) continue
    if (data.skip === undefined) passed += 1
    else skipped.push(typeof data.skip === 'string' ? `${data.name}: ${data.skip}` : data.name)
  }
  return { file, passed, failed, skipped }
}

/** As many files at once as there are cores. */
async function runAll(files: readonly string[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  const waiting = files.values()
  const work = async () => {
    for (const file of waiting) {
      const outcome = await runFile(file)
      outcomes.push(outcome)
      console.log(lineOf(outcome))
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return outcomes
}

const holdsNone = ({ passed, failed, skipped }: Outcome): boolean => passed + failed + skipped.length === 0

function lineOf(outcome: Outcome): string {
  if (holdsNone(outcome)) return `FAIL ${outcome.file}: holds no test`
  return `${outcome.failed > 0 ? 'FAIL' : 'ok  '} ${outcome.file}: ${outcome.passed} passed, ${outcome.failed} failed`
}

const words = process.argv.slice(2)
const live = words.includes('--live')
const found = suites(
  words.includes('--clients') ? PATTERNS.clients : PATTERNS.usual,
  words.filter(word => !word.startsWith('--')),
  live,
)
const lacking = found.filter(suite => suite.lacking.length > 0)
const outcomes = await runAll(found.filter(suite => suite.lacking.length === 0).map(({ file }) => file))

for (const suite of lacking) console.log(`skipped ${suite.file}: needs ${suite.lacking.join(', ')}`)
for (const { file, skipped } of outcomes) for (const what of skipped) console.log(`skipped ${file}: ${what}`)
const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0)
const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0)
console.log(`${passed} passed, ${failed} failed, ${lacking.length} suites skipped`)
if (failed > 0 || passed === 0 || outcomes.some(holdsNone) || (live && lacking.length > 0)) process.exitCode = 1
