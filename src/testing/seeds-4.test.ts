import { demandSeeds } from './seeds.ts';

demandSeeds(151, 200);
