/** The process: reads the configuration, opens the doors, stops cleanly on a signal. Exit 2: the configuration; 1: the rest. */
import { Command, Option } from 'commander'
import type { Role } from './compose.ts'
import { type Config, ConfigError, loadConfig } from './config.ts'
import { Fault } from './ports/fault.ts'

interface ServeOptions {
  readonly config?: string
  readonly data?: string
  readonly listen?: string
  readonly role: Role
}

const program = new Command('opencbr').description('Cloud backup and recovery, with backups that can be shared.')

program
  .command('serve')
  .description('run the API, the worker and the console')
  .option('--config <file>', 'configuration file (YAML)')
  .option('--data <folder>', 'data directory (default: ./opencbr-data)')
  .option('--listen <host:port>', 'where to listen (default: 127.0.0.1:8799)')
  .addOption(new Option('--role <role>', 'what this process does').choices(['all', 'api', 'worker']).default('all'))
  .action((options: ServeOptions) => serve(options))

try {
  await program.parseAsync()
} catch (error) {
  console.error(complaint(error))
  process.exitCode = error instanceof ConfigError ? 2 : 1
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
