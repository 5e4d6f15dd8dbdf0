/** The audit trail: who did what in the project, and what was refused. */
import type { Command } from 'commander'
import { type Cbr, searchOf } from '../client/cbr.ts'
import type { Audit } from '../contract/opencbr-api.ts'
import { MOST_ROWS } from '../contract/paging.ts'
import { listed, moment, type Shown } from './shown.ts'
import { positiveNumber } from './values.ts'
import { noun, verb } from './verb.ts'

interface ListOptions {
  readonly operation?: string
  readonly resource?: string
  readonly limit: number
  readonly after?: string
}

/** As many as a person looks through; the trail itself has no end. */
const USUAL_ROWS = 100

export function addAuditCommands(program: Command): void {
  const audit = noun(program, 'audit', 'who did what in the project, and what was refused')
  verb(audit, 'list', 'the audit trail, newest first', listAudits)
    .option('--operation <name>', 'of this operation, as AddMember')
    .option('--resource <id>', 'about this backup, vault, policy, ...; also one that is gone')
    .option('--limit <number>', 'so many at most', positiveNumber, USUAL_ROWS)
    .option('--after <id>', 'go on behind this record, the last of the list before')
}

const columns = {
  at: (audit: Audit) => moment(audit.created_at),
  user: (audit: Audit) => audit.user_name,
  from: (audit: Audit) => audit.source_ip,
  operation: (audit: Audit) => audit.operation,
  resource: (audit: Audit) => audit.resource_id,
  status: (audit: Audit) => audit.status,
  code: (audit: Audit) => audit.error_code,
  id: (audit: Audit) => audit.id,
}

async function listAudits(cbr: Cbr, { operation, resource, limit, after }: ListOptions): Promise<Shown> {
  const found: Audit[] = []
  for (;;) {
    const rows = Math.min(limit - found.length, MOST_ROWS)
    const query = { operation, resource_id: resource, limit: rows, marker: found.at(-1)?.id ?? after }
    const { audits } = await cbr.ask<{ audits: readonly Audit[] }>('GET', AUDITS + searchOf(query))
    found.push(...audits)
    if (audits.length < rows || found.length >= limit) return listed(found, columns)
  }
}

const AUDITS = '/opencbr/v1/{project_id}/audits'
