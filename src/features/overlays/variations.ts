import type { OverlayConfig, Variation, VariationCondition } from './contract.ts'

/** What is played when no variation fits: there always is something. */
export const builtIn: Variation = Object.freeze({
  variation_id: 'default',
  name: 'Default',
  when: Object.freeze({}),
  image_url: null,
  sound: 'chime',
  animation: 'slide',
  duration_ms: 6_000,
  template: '{name} tipped {amount}',
})

export const defaultConfig: OverlayConfig = Object.freeze({ variations: [], min_alert_amount: 1, gap_ms: 0, volume: 100, goal_ids: null })

export interface Occasion {
  amount: number
  first_tip: boolean
}

/** The first that fits, in the creator's order. */
export function chooseVariation(variations: readonly Variation[], occasion: Occasion): Variation {
  return variations.find(({ when }) => fits(when, occasion)) ?? builtIn
}

function fits({ min_amount, max_amount, first_tip }: VariationCondition, occasion: Occasion): boolean {
  if (min_amount !== undefined && occasion.amount < min_amount) return false
  if (max_amount !== undefined && occasion.amount > max_amount) return false
  return first_tip === undefined || first_tip === occasion.first_tip
}
