import { createRandom } from '../random.ts'

export type Size = 'small' | 'medium' | 'large'

export const sizes: Record<Size, { creators: number; fans: number; tips: number }> = {
  small: { creators: 4, fans: 12, tips: 60 },
  medium: { creators: 25, fans: 225, tips: 1_500 },
  large: { creators: 80, fans: 920, tips: 10_000 },
}

export interface PlannedPerson {
  full_name: string
  email: string
}

export interface PlannedCreator extends PlannedPerson {
  bio: string
}

export interface PlannedFan extends PlannedPerson {
  /** minor units, enough for the tips below that come from the wallet */
  top_up: number
  tips: PlannedTip[]
}

export interface PlannedTip {
  /** index of the creator */
  creator: number
  /** minor units */
  amount: number
  message: string
  anonymous: boolean
  by: 'wallet' | 'checkout'
}

export interface Plan {
  creators: PlannedCreator[]
  fans: PlannedFan[]
}

const firstNames = ['Chanda', 'Mutinta', 'Bwalya', 'Natasha', 'Thandiwe', 'Lushomo', 'Kondwani', 'Mapalo', 'Inonge', 'Zola', 'Tapiwa', 'Nkandu', 'Wezi', 'Musonda', 'Chipo', 'Lubuto']
const lastNames = ['Banda', 'Phiri', 'Mwansa', 'Zulu', 'Tembo', 'Mulenga', 'Sakala', 'Lungu', 'Daka', 'Moyo', 'Kapumpa', 'Siame']
const crafts = ['plays the kalindula guitar', 'cooks what the market has', 'paints large walls', 'tells stories at night', 'teaches chess to beginners', 'films birds at the river', 'builds synthesizers', 'reads the news in Bemba']
const messages = ['Bravo!', 'More of this, please', 'For the new strings', 'You made my evening', 'Zikomo kwambiri', 'That chorus!', 'Keep going', '', '', 'Happy birthday 🎂']
const walletShare = 0.9
const anonymousShare = 0.1
const spare = 50_00

/** Who there is and who tips whom with how much. The same size, seed and first number give the same plan, to the ngwee. */
export function makePlan({ size, seed, from }: { size: Size; seed: number; from: number }): Plan {
  const random = createRandom(seed).next
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const { creators: creatorCount, fans: fanCount, tips: tipCount } = sizes[size]
  let number = from
  const person = (): PlannedPerson => {
    const [first, last] = [pick(firstNames), pick(lastNames)]
    return { full_name: `${first} ${last}`, email: `${first}.${last}.${++number}@example.org`.toLowerCase() }
  }
  const creators = Array.from({ length: creatorCount }, () => {
    const who = person()
    return { ...who, bio: `${who.full_name.split(' ')[0]} ${pick(crafts)}.` }
  })
  const fans = Array.from({ length: fanCount }, (): PlannedFan => ({ ...person(), top_up: spare, tips: [] }))
  for (let n = 0; n < tipCount; n++) {
    const fan = fans[Math.floor(random() * fanCount)] as PlannedFan
    // Few creators get most of it, as everywhere.
    const creator = Math.floor(random() ** 2 * creatorCount)
    const amount = (1 + Math.floor(random() ** 3 * 200)) * 50
    const by = random() < walletShare ? 'wallet' : 'checkout'
    if (by === 'wallet') fan.top_up += amount
    fan.tips.push({ creator, amount, message: pick(messages), anonymous: by === 'wallet' && random() < anonymousShare, by })
  }
  return { creators, fans }
}
