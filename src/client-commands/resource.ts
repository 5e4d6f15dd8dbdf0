/** `opencbr server` and `opencbr disk`: what could be protected. */
import type { Command } from 'commander'
import type { ProtectablesResp } from '../contract/operations.gen.ts'
import { allOfKind } from './find.ts'
import { listed } from './shown.ts'
import { noun, verb } from './verb.ts'

export function addResourceCommands(program: Command): void {
  for (const kind of ['server', 'disk'] as const) {
    const about =
      kind === 'server' ? 'servers that can be backed up as one' : 'disks that can be backed up by themselves'
    const parent = noun(program, kind, about)
    verb(parent, 'list', `the ${kind}s of the project`, async cbr => listed(await allOfKind(cbr, kind), columns))
  }
}

const columns = {
  id: (one: ProtectablesResp) => one.id,
  name: (one: ProtectablesResp) => one.name,
  'size GB': (one: ProtectablesResp) => one.size,
  status: (one: ProtectablesResp) => one.status,
  disks: ({ children }: ProtectablesResp) => (children.length > 0 ? children.length : undefined),
  vault: ({ protectable }: ProtectablesResp) => protectable.vault?.name,
}
