import type { Check, Violation } from '../../kernel/feature.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { countsInGoal, countsInStream, valueInGoal } from './counting.ts'
import type { SentTipRow, TipModels } from './model.ts'

const maxReported = 100

/**
 * Goals and streams are told from the tips themselves once more and compared. What is still on its way is no fault: a tip that was not
 * counted is reported only when nothing waits to be counted.
 * @param settled whether no tip waits to be counted, as the snapshot at hand has it
 */
export function createTipChecks({ models, unitOfWork, settled }: { models: TipModels; unitOfWork: UnitOfWork; settled: () => Promise<boolean> }): Check[] {
  const { Tips, Goals, GoalTips, Streams, StreamTips, StreamFans } = models

  return [
    { name: 'tips.goals-exact', run: goalsExact },
    { name: 'tips.streams-exact', run: streamsExact },
  ]

  async function goalsExact(): Promise<Violation[]> {
    const found: Violation[] = []
    for (const { _id } of await Goals.find({}, { _id: 1 }).lean()) {
      if (found.length >= maxReported) break
      const fault = await unitOfWork.read(() => goalFault(_id))
      if (fault) found.push({ check: 'tips.goals-exact', detail: fault, subject: _id })
    }
    return found
  }

  async function streamsExact(): Promise<Violation[]> {
    const found: Violation[] = []
    for (const { _id } of await Streams.find({}, { _id: 1 }).lean()) {
      if (found.length >= maxReported) break
      const fault = await unitOfWork.read(() => streamFault(_id))
      if (fault) found.push({ check: 'tips.streams-exact', detail: fault, subject: _id })
    }
    return found
  }

  async function goalFault(goalId: string): Promise<string | undefined> {
    const goal = await Goals.findById(goalId).lean()
    if (!goal) return undefined
    const rows = await GoalTips.find({ goal_id: goalId }).lean()
    const sum = rows.reduce((total, row) => total + row.value, 0)
    if (sum !== goal.current) return `stands at ${goal.current}, its tips make ${sum}`
    const values = new Map((await tipsOf(goal.creator_id, goal.started_at)).filter((tip) => countsInGoal(goal, tip)).map((tip) => [tip._id, valueInGoal(goal, tip)]))
    const wrong = rows.find((row) => values.get(row.tip_id) !== row.value)
    if (wrong) return `counts ${wrong.value} for ${wrong.tip_id}, which is ${values.get(wrong.tip_id) ?? 'none of its tips'}`
    return (await settled()) ? uncounted(values.keys(), rows) : undefined
  }

  async function streamFault(streamId: string): Promise<string | undefined> {
    const stream = await Streams.findById(streamId).lean()
    if (!stream) return undefined
    const rows = await StreamTips.find({ stream_id: streamId, round: stream.round }).lean()
    const amount = rows.reduce((total, row) => total + row.amount, 0)
    if (amount !== stream.amount || rows.length !== stream.count) return `stands at ${stream.amount} from ${stream.count} tips, they make ${amount} from ${rows.length}`
    const named = rows.filter((row) => row.named).reduce((total, row) => total + row.amount, 0)
    const placed = (await StreamFans.find({ stream_id: streamId, round: stream.round }).lean()).reduce((total, row) => total + row.amount, 0)
    if (named !== placed) return `places ${placed} under names, its tips make ${named}`
    const amounts = new Map((await tipsOf(stream.creator_id, stream.counted_from)).filter((tip) => countsInStream(stream, tip)).map((tip) => [tip._id, tip.amount]))
    const wrong = rows.find((row) => amounts.get(row.tip_id) !== row.amount)
    if (wrong) return `counts ${wrong.amount} for ${wrong.tip_id}, which is ${amounts.get(wrong.tip_id) ?? 'none of its tips'}`
    return (await settled()) ? uncounted(amounts.keys(), rows) : undefined
  }

  async function tipsOf(creatorId: string, from: Date): Promise<SentTipRow[]> {
    return (await Tips.find({ creator_id: creatorId, state: 'sent', sent_at: { $gte: from } }, { sent_at: 1, currency: 1, amount: 1 }).lean()) as SentTipRow[]
  }
}

function uncounted(tipIds: Iterable<string>, rows: readonly { tip_id: string }[]): string | undefined {
  const counted = new Set(rows.map((row) => row.tip_id))
  const missing = [...tipIds].find((tipId) => !counted.has(tipId))
  return missing && `does not count ${missing}`
}
