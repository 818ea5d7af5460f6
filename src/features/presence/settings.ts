import type { Context } from '../../kernel/context.ts'
import { userOf } from '../accounts/index.ts'
import type { PresenceSettings } from './contract.ts'
import type { PresenceModels } from './model.ts'
import type { Sight } from './sight.ts'
import type { Watch } from './watch.ts'

export type PresenceSettingsService = ReturnType<typeof createPresenceSettings>

export function createPresenceSettings({ models: { Rows }, sight, watch }: { models: PresenceModels; sight: Sight; watch: Watch }) {
  return Object.freeze({ read, update })

  async function read(ctx: Context): Promise<PresenceSettings> {
    return { hides_presence: await sight.hides(userOf(ctx).user_id) }
  }

  /** Heard at once by those who watch, and by whoever it is about. */
  async function update(ctx: Context, { hides_presence }: PresenceSettings): Promise<PresenceSettings> {
    const { user_id } = userOf(ctx)
    await Rows.updateOne({ _id: user_id }, { $set: { hides: hides_presence } }, { upsert: true })
    watch.moved([user_id])
    watch.regardsChanged([user_id])
    return { hides_presence }
  }
}
