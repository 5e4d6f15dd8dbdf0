/**
 * The audit trail of mutations. The row of a success is written in the transaction that changes the state, so there is
 * never the one without the other; the row of a refusal in one of its own. Calls without a known project leave none:
 * whoever has no credentials must not be able to fill the trail.
 */
import { randomUUIDv7 } from 'node:crypto'
import type { AuditRecord } from '../ports/catalog/audit.ts'
import type { Catalog, Records } from '../ports/catalog/catalog.ts'

/** The facts known before the use case runs. */
export type AuditFacts = Omit<AuditRecord, 'id' | 'status' | 'errorCode'>

export interface Audited {
  /** Hand this to the use case in place of the catalog. */
  readonly catalog: Catalog
  /** After the use case: writes the row if no transaction of it has taken it along. */
  succeeded(): Promise<void>
  refused(status: number, errorCode: string): Promise<void>
}

export function audited(catalog: Catalog, facts: AuditFacts, successStatus: number): Audited {
  let written = false
  const row = (resourceId: string, status: number, errorCode: string): AuditRecord => ({
    ...facts,
    // Of version 7: rows of one time lie together in the index, and a commit writes one page of it.
    id: randomUUIDv7(),
    resourceId,
    status,
    errorCode,
  })
  return {
    catalog: {
      read: look => catalog.read(look),
      ready: () => catalog.ready(),
      close: () => catalog.close(),
      async change(work) {
        if (written) return catalog.change(work)
        const result = await catalog.change(async records => {
          const noted = facts.resourceId === '' ? noticing(records) : { records, made: () => facts.resourceId }
          const answer = await work(noted.records)
          await records.audits.append(row(noted.made(), successStatus, ''))
          return answer
        })
        written = true
        return result
      },
    },
    async succeeded() {
      if (!written) await catalog.change(({ audits }) => audits.append(row(facts.resourceId, successStatus, '')))
    },
    async refused(status, errorCode) {
      await catalog.change(({ audits }) => audits.append(row(facts.resourceId, status, errorCode)))
    },
  }
}

/** A creation is named by no path: its trail names what it made. */
function noticing(records: Records): { readonly records: Records; readonly made: () => string } {
  let made = ''
  const noted = <R extends { readonly id: string }, T extends { insert(record: R): Promise<void> }>(table: T): T => ({
    ...table,
    insert(record: R) {
      // The first one: what else is made follows from it.
      if (made === '') made = record.id
      return table.insert(record)
    },
  })
  const { agents } = records
  const noting: Partial<Records> = {
    vaults: noted(records.vaults),
    checkpoints: noted(records.checkpoints),
    images: noted(records.images),
    disks: noted(records.disks),
    policies: noted(records.policies),
    organizationPolicies: noted(records.organizationPolicies),
    webhooks: noted(records.webhooks),
    agents: {
      ...agents,
      put(agent) {
        made = agent.id
        return agents.put(agent)
      },
    },
  }
  return {
    made: () => made,
    // What is not noted is inherited: records are made when they are asked for.
    records: Object.create(records, Object.getOwnPropertyDescriptors(noting)),
  }
}
