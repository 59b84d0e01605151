import { z } from 'zod';
import { imageName, platform, schedule } from './settingKinds.ts';

/** Images that are fetched at certain times. */
export const warmEntry = z.strictObject({
  images: z
    .array(imageName)
    .min(1)
    .meta({ expected: 'a list of image names' })
    .describe('Names of images; without a tag `latest` is meant.'),
  platforms: z
    .array(platform)
    .prefault([])
    .meta({ expected: 'a list of platforms' })
    .describe(
      'Such as `linux/amd64`; `all` for all of them. Empty: the platform that the mirror runs on.',
    ),
  schedule: schedule.describe(
    'When, as cron has it: minute, hour, day of the month, month, day of the week, by the time zone of the process; or `@hourly`, `@daily`, `@weekly`.',
  ),
});
