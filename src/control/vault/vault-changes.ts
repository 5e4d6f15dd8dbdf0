/** What UpdateVault's body changes (semantics 3.5). Only what is sent changes. */
import { refuse } from '../../contract/errors.ts'
import type { VaultUpdate } from '../../contract/operations.gen.ts'
import { GIB } from '../../contract/sizes.ts'
import type { VaultPatch, VaultRecord } from '../../ports/catalog/vault.ts'
import { bindTags } from './new-vault.ts'
import { checkSize } from './vault-rules.ts'

const SMALLEST_GB = 1

/** 6101, 6110, 9900. */
export function changesTo(vault: VaultRecord, wanted: VaultUpdate): VaultPatch {
  const { billing } = wanted
  if (wanted.locked === false && vault.locked) {
    // A client matches this text (client-notes 4.13).
    refuse('6110', { reason: 'vault not support to modify locked attribute from true to false.' })
  }
  if (wanted.auto_expand && vault.chargingMode === 'pre_paid')
    refuse('6110', { auto_expand: 'is for post_paid vaults' })
  return {
    ...(billing?.size !== undefined && { sizeGb: newSize(vault, billing.size) }),
    ...(billing?.consistent_level && { consistentLevel: newLevel(vault, billing.consistent_level) }),
    ...(wanted.name && { name: wanted.name }),
    ...(wanted.auto_bind !== undefined && { autoBind: wanted.auto_bind }),
    ...(wanted.bind_rules !== undefined && { bindTags: bindTags(wanted.bind_rules) }),
    ...(wanted.auto_expand !== undefined && { autoExpand: wanted.auto_expand }),
    ...(wanted.smn_notify !== undefined && { smnNotify: wanted.smn_notify }),
    ...(wanted.threshold !== undefined && { threshold: wanted.threshold }),
    ...(wanted.locked && { locked: true }),
    ...(wanted.backup_name_prefix !== undefined && { backupNamePrefix: wanted.backup_name_prefix }),
  }
}

/** Growing and shrinking, down to what is used. */
function newSize(vault: VaultRecord, sizeGb: number): number {
  checkSize(sizeGb, SMALLEST_GB)
  if (sizeGb * GIB < vault.usedBytes) refuse('6101', { size: sizeGb, 'used bytes': vault.usedBytes })
  return sizeGb
}

/** From crash to app consistency only, and only for servers. */
function newLevel(vault: VaultRecord, level: VaultRecord['consistentLevel']): VaultRecord['consistentLevel'] {
  if (level !== vault.consistentLevel && (level === 'crash_consistent' || vault.objectType !== 'server')) {
    refuse('6110', { consistent_level: level })
  }
  return level
}
