/** How every command of the client begins and ends: who calls, what is printed, and what a failure looks like. */
import { type Command, Option } from 'commander'
import { type Cbr, openCbr } from '../client/cbr.ts'
import { ClientFailure, Refused, UsageFailure } from '../client/failures.ts'
import { findSession } from '../client/find-session.ts'
import { trustAuthority } from '../client/trust.ts'
import { clean, type Shown } from './shown.ts'

interface OutputOptions {
  readonly output: 'table' | 'json'
}

/** `opencbr <noun>`: what its verbs are about. */
export const noun = (program: Command, name: string, about: string): Command => program.command(name).description(about)

/** A command that needs nobody to be signed in. What it answers is printed; a failure is told, and ends with 1 or 2. */
export function plainVerb<A extends readonly unknown[]>(
  parent: Command,
  usage: string,
  about: string,
  work: (...given: A) => Promise<Shown | undefined>,
): Command {
  const output = new Option('--output <form>', 'what to print').choices(['table', 'json']).default('table')
  const command: Command = parent.command(usage).description(about).addOption(output)
  return command.action(async (...given: unknown[]) => {
    const options = command.opts<OutputOptions>()
    try {
      await trustAuthority(process.env)
      // Commander gives what the usage names, then the options.
      const shown = await work(...(given as unknown as A))
      if (shown !== undefined) print(shown, options)
    } catch (error) {
      if (!(error instanceof ClientFailure)) throw error
      console.error(options.output === 'json' ? asJson(error) : complaint(error))
      process.exitCode = error instanceof UsageFailure ? 2 : 1
    }
  })
}

/** A command at the service, as whoever is signed in. */
export const verb = <A extends readonly unknown[]>(
  parent: Command,
  usage: string,
  about: string,
  work: (cbr: Cbr, ...given: A) => Promise<Shown | undefined>,
): Command =>
  plainVerb(parent, usage, about, async (...given: A) => work(openCbr(await findSession(process.env)), ...given))

function print({ value, text }: Shown, { output }: OutputOptions): void {
  if (output === 'json') console.log(JSON.stringify(value, undefined, 2))
  else if (text !== '') console.log(text)
}

/** What is wrong; by what name the operator finds it; what to do. */
function complaint(error: ClientFailure): string {
  const lines = [`opencbr: ${clean(error.message)}`]
  if (error instanceof Refused) {
    const facts = [error.code, error.requestId && `request ${error.requestId}`].filter(fact => fact !== '')
    if (facts.length > 0) lines.push(`  ${facts.map(clean).join(', ')}`)
  }
  if (error.next !== undefined) lines.push(`  next: ${clean(error.next)}`)
  return lines.join('\n')
}

/** In the service's own words. */
function asJson(error: ClientFailure): string {
  const refused = error instanceof Refused ? error : undefined
  return JSON.stringify({
    error_code: refused?.code ?? '',
    error_msg: error.message,
    ...(refused && { status: refused.status, request_id: refused.requestId }),
    ...(error.next !== undefined && { next: error.next }),
  })
}
