import { demandSeeds } from './seeds.ts';

demandSeeds(51, 100);
