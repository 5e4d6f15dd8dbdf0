/**
 * The process: reads the configuration, opens the doors, stops cleanly on a signal; or it is a client of one that runs.
 * Exit 2: the command line or the configuration; 3: damage found; 1: the rest.
 */
import { Command, CommanderError, Option } from 'commander'
import type { Role } from './compose.ts'
import { type Config, ConfigError, loadConfig } from './config.ts'
import { Fault } from './ports/fault.ts'

interface ServeOptions {
  readonly config?: string
  readonly data?: string
  readonly listen?: string
  readonly role: Role
}

interface StoreOptions {
  readonly config?: string
  readonly data?: string
  readonly read: boolean
  readonly stopped: boolean
  readonly output: 'table' | 'json'
}

const program = new Command('opencbr')
  .description('Cloud backup and recovery, with backups that can be shared.')
  .exitOverride() // its own exit code for a wrong command line is 1

program
  .command('serve')
  .description('run the API, the worker and the console')
  .option('--config <file>', 'configuration file (YAML)')
  .option('--data <folder>', 'data directory (default: ./opencbr-data)')
  .option('--listen <host:port>', 'where to listen (default: 127.0.0.1:8799)')
  .addOption(new Option('--role <role>', 'what this process does').choices(['all', 'api', 'worker']).default('all'))
  .action((options: ServeOptions) => serve(options))

const store = program.command('store').description('look at what is stored, while the service is stopped')
for (const [name, what] of [
  ['check', 'find damage: exit code 0 when there is none, 3 when there is'],
  ['repair', 'rebuild the index from the packs, then check'],
] as const) {
  store
    .command(name)
    .description(what)
    .option('--config <file>', 'configuration file (YAML)')
    .option('--data <folder>', 'data directory (default: ./opencbr-data)')
    .option('--read', 'read every chunk back, too', false)
    .option('--stopped', 'with a catalog that processes share: all services on it have been stopped', false)
    .addOption(new Option('--output <form>', 'what to print').choices(['table', 'json']).default('table'))
    .action((options: StoreOptions) => onStore(name, options))
}

// What the operator runs starts without them.
if (!['serve', 'store'].includes(process.argv[2] ?? '')) {
  const { addClientCommands } = await import('./client-commands/commands.ts')
  addClientCommands(program)
}

try {
  await program.parseAsync()
} catch (error) {
  // Commander has said what is wrong, or given the help that was asked for.
  if (!(error instanceof CommanderError)) console.error(complaint(error))
  process.exitCode = exitCodeOf(error)
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  return error instanceof ConfigError ? 2 : 1
}

async function serve(options: ServeOptions): Promise<void> {
  const config = loadConfig({
    file: options.config,
    dataDir: options.data,
    listen: options.listen,
    environment: process.env,
    workingFolder: process.cwd(),
  })
  checkRole(options.role, config)
  const { compose } = await import('./compose.ts') // after the configuration: a mistake in it is answered at once
  const house = await compose(config, { role: options.role })
  const stop = stopping()
  try {
    if (house.server) await house.server.listen({ ...config.listen, listenTextResolver: url => `listening on ${url}` })
    else house.ports.log.info({}, 'working')
    await stop
    house.ports.log.info({}, 'stopping: what runs is finished or given back')
  } finally {
    await house.close()
  }
}

async function onStore(name: 'check' | 'repair', options: StoreOptions): Promise<void> {
  const { config: file, data: dataDir } = options
  const config = loadConfig({ file, dataDir, environment: process.env, workingFolder: process.cwd() })
  if (name === 'repair' && !options.stopped && !config.metadata.url.startsWith('sqlite:')) {
    const problem = 'others may be at work on a shared catalog: stop them and say --stopped'
    throw new ConfigError([{ at: 'metadata.url', problem }])
  }
  const { composeStore } = await import('./compose.ts')
  await using parts = await composeStore(config, process.stderr)
  const { checkStore } = await import('./commands/check-store.ts')
  const { repairStore } = await import('./commands/repair-store.ts')
  const { isClean, reportLines } = await import('./commands/store-report.ts')
  const report = await (name === 'check' ? checkStore : repairStore)(parts, options)
  console.log(options.output === 'json' ? JSON.stringify(report, undefined, 2) : reportLines(report).join('\n'))
  if (!isClean(report)) process.exitCode = 3
}

/** A second process on an embedded catalog would be refused anyway, later and in less helpful words. */
function checkRole(role: Role, { metadata }: Config): void {
  if (role === 'all' || !metadata.url.startsWith('sqlite:')) return
  throw new ConfigError([
    { at: 'metadata.url', problem: `--role ${role} needs a catalog that processes share: postgres://` },
  ])
}

/** Resolves at the first signal; a second one ends the process at once, as the shell's user expects. */
function stopping(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve())
  // bin/opencbr on an older Node stays in front of this process; its end is ours (the channel breaks).
  process.once('disconnect', () => resolve())
  process.channel?.unref()
  return promise
}

/** One line for what the operator can mend, the whole stack for a bug. */
function complaint(error: unknown): string {
  if (error instanceof ConfigError) return error.message.replaceAll(/^/gm, 'opencbr: ')
  if (error instanceof Fault) return `opencbr: ${error.message}`
  if (!(error instanceof Error)) return `opencbr: ${String(error)}`
  const listening = 'syscall' in error && (error.syscall === 'listen' || error.syscall === 'getaddrinfo')
  return `opencbr: ${listening ? `cannot listen: ${error.message}` : (error.stack ?? error.message)}`
}
