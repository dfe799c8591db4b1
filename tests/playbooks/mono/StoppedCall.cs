// A call that goes no further than to one of its changes of files. To the host that is a kill -9:
// no line of it runs any more, no clean-up, and its lock is free. But this process lives on, so
// that hundreds of such ends take seconds.

using System;
using System.Collections.Generic;
using System.Threading;

public static class StoppedCall {
    /// <summary>
    /// Make the call that the arguments name; -> whether it was stopped at that half of a change.
    /// What it throws, if it was not, is thrown here.
    /// </summary>
    public static object At(int half, Dictionary<string, object> arguments) {
        ManualResetEvent over = new ManualResetEvent(false);
        bool stopped = false;
        Exception problem = null;
        Thread thread = new Thread(() => {
            Libc.EndAt(half, () => {
                stopped = true;
                over.Set();
                Thread.Sleep(Timeout.Infinite);
            });
            try {
                MapsHost.Called(arguments);
            } catch (Exception error) {
                problem = error;
            }
            over.Set();
        });
        thread.IsBackground = true;
        thread.Start();
        over.WaitOne();
        PosixFiles.Unlock();
        if (problem != null) {
            throw problem;
        }
        return stopped;
    }
}
