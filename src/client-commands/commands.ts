/** All commands that talk to a running service, one file per noun. */
import type { Command } from 'commander'
import { addBackupCommands } from './backup.ts'
import { addCheckpointCommands } from './checkpoint.ts'
import { addLoginCommands } from './login.ts'
import { addResourceCommands } from './resource.ts'
import { addShareCommands } from './share.ts'
import { addTaskCommands } from './task.ts'
import { addVaultCommands } from './vault.ts'

export function addClientCommands(program: Command): void {
  addLoginCommands(program)
  addVaultCommands(program)
  addResourceCommands(program)
  addCheckpointCommands(program, addBackupCommands(program))
  addShareCommands(program)
  addTaskCommands(program)
}
