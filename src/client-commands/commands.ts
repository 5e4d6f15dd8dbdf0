/** All commands that talk to a running service, one file per noun. */
import type { Command } from 'commander'
import { addAuditCommands } from './audit.ts'
import { addBackupCommands } from './backup.ts'
import { addCheckpointCommands } from './checkpoint.ts'
import { addCompletionCommand } from './completion.ts'
import { addDiskImageCommands } from './disk-image.ts'
import { addExportCommands } from './export.ts'
import { addImageCommands } from './image.ts'
import { addLoginCommands } from './login.ts'
import { addPolicyCommands } from './policy.ts'
import { addResourceCommands } from './resource.ts'
import { addShareCommands } from './share.ts'
import { addTaskCommands } from './task.ts'
import { addVaultCommands } from './vault.ts'
import { addWebhookCommands } from './webhook.ts'

export function addClientCommands(program: Command): void {
  addLoginCommands(program)
  addVaultCommands(program)
  addResourceCommands(program)
  const backup = addBackupCommands(program)
  addCheckpointCommands(program, backup)
  addDiskImageCommands(backup)
  addShareCommands(program)
  addExportCommands(program)
  addImageCommands(program)
  addPolicyCommands(program)
  addTaskCommands(program)
  addAuditCommands(program)
  addWebhookCommands(program)
  addCompletionCommand(program)
}
