import { isDeepStrictEqual } from 'node:util'
import type { OverlayConfig, Variation, VariationCondition } from './contract.ts'

/** What is played when no variation fits: there always is something. */
export const builtIn: Variation = Object.freeze({
  variation_id: 'default',
  name: 'Default',
  when: Object.freeze({}),
  image_url: null,
  sound: 'chime',
  animation: 'slide',
  layout: 'above',
  weight: 1,
  duration_ms: 6_000,
  template: '{name} tipped {amount}',
})

export const defaultConfig: OverlayConfig = Object.freeze({ variations: [], min_alert_amount: 1, gap_ms: 0, volume: 100, goal_ids: null, labels: [] })

export interface Occasion {
  amount: number
  first_tip: boolean
}

/**
 * The first that fits, in the creator's order. Those with the same condition as that one take turns with it by their weights.
 * @param draw evenly spread in [0, 1)
 */
export function chooseVariation(variations: readonly Variation[], occasion: Occasion, draw: number): Variation {
  const first = variations.find(({ when }) => fits(when, occasion))
  if (!first) return builtIn
  const turns = variations.filter(({ when }) => isDeepStrictEqual(when, first.when))
  let left = draw * turns.reduce((total, { weight }) => total + weight, 0)
  return turns.find(({ weight }) => (left -= weight) < 0) ?? first
}

/** A configuration as it was stored, whenever that was. */
export function complete(config: OverlayConfig): OverlayConfig {
  return { ...defaultConfig, ...config, variations: config.variations.map((each) => ({ ...builtIn, ...each })) }
}

function fits({ min_amount, max_amount, first_tip }: VariationCondition, occasion: Occasion): boolean {
  if (min_amount !== undefined && occasion.amount < min_amount) return false
  if (max_amount !== undefined && occasion.amount > max_amount) return false
  return first_tip === undefined || first_tip === occasion.first_tip
}
