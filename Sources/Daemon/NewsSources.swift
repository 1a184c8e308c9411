/// Where the news for hooks come from and go to in the daemon.
import KeepalivedConf
import LinuxIO
import LuaHost
import VRRPCore

extension Daemon {
    /// What scripts see of an instance.
    func look(at id: InstanceID) -> InstanceSnapshot {
        snapshot(
            of: router[id], interface: runtimes[id]?.settings.interface ?? "",
            heard: publisher.news?.heard(by: id) ?? [])
    }

    func connectNews() {
        let news = HookNews(loop: loop)
        news.send = { [weak self] in self?.scripts?.send($0) }
        news.look = { [weak self] id in
            guard let self, router.contains(id) else { return nil }
            return (router[id], look(at: id))
        }
        publisher.news = news
        publisher.later = { [loop] in loop.post($0) }
    }

    /// Hand a loaded generation to the scripts, with what the configuration asks of it.
    func startScripts(_ ready: ReadyConfiguration) {
        scripts?.listen(to: listenedChecks(ready))
        scripts?.start(
            ready.generation, specs: ready.specs,
            schedules: schedules(ready.configuration, listened: ready.generation.listenedChecks),
            settings: ready.configuration.global.lua)
    }
}
